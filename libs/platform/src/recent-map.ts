/**
 * A map of what was used last: the last `size` entries at least, twice as many at most. It forgets many at once: a `Map` walks past
 * all that have left it before it finds its oldest entry.
 */
export class RecentMap<K, V extends object> {
  private recent = new Map<K, V>();
  private older = new Map<K, V>();

  constructor(private readonly size: number) {}

  /** To ask for an entry is to use it. */
  get(key: K): V | undefined {
    const recent = this.recent.get(key);
    if (recent) return recent;
    const older = this.older.get(key);
    if (older) this.set(key, older);
    return older;
  }

  set(key: K, value: V): void {
    if (this.recent.size >= this.size && !this.recent.has(key)) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(key, value);
  }

  delete(key: K): void {
    this.recent.delete(key);
    this.older.delete(key);
  }
}
