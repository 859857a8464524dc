import { LOG } from '#libs/contracts';
import type { Database } from '#libs/database';
import { consistencyProof, Frontier, inclusionProof, rangeHash, rootOf } from '#libs/proof';

/** Leaves of one stored subtree of level 1; 256 of those make one of level 2, and so on (C2SP tiles). */
const WIDTH_BITS = 8;
const WIDTH = 2 ** WIDTH_BITS;
const READ_LEAVES = 8_192;

/** Proofs over the log's hash tree, from the stored leaves and subtrees. */
export class LogTree {
  constructor(private readonly database: Database) {}

  /** Root of the first `size` events. */
  root(size: number): Promise<Buffer> {
    return rangeHash(0, size, this.subtree);
  }

  /** Sibling hashes from the event at `position` to the root of the first `size` events. Throws a RangeError outside. */
  inclusion(position: number, size: number): Promise<Buffer[]> {
    return inclusionProof(position - 1, size, this.subtree);
  }

  /** Proof that the log of `size` events begins with that of `oldSize`. Throws a RangeError when it is not smaller. */
  consistency(oldSize: number, size: number): Promise<Buffer[]> {
    return consistencyProof(oldSize, size, this.subtree);
  }

  /** The right edge at `size`, to be grown. */
  async frontier(size: number): Promise<Frontier> {
    const peaks: Buffer[] = [];
    let start = 0;
    for (let level = Math.floor(Math.log2(Math.max(size, 1))); level >= 0; level -= 1) {
      const width = 2 ** level;
      if (Math.floor(size / width) % 2 === 0) continue;
      peaks.push(await this.subtree(level, start / width));
      start += width;
    }
    return Frontier.of(size, peaks);
  }

  private readonly subtree = async (level: number, index: number): Promise<Buffer> => {
    const stored = Math.floor(level / WIDTH_BITS);
    const count = 2 ** (level % WIDTH_BITS);
    const hashes = await this.hashes(stored, index * count, count);
    return rootOf(hashes);
  };

  /** Hashes of a stored level; where the leader has not written one yet, out of the level below. */
  private async hashes(level: number, first: number, count: number): Promise<Buffer[]> {
    if (level === 0) return this.leaves(first, count);
    const text = 'select index, hash from ledger.subtree where log = $1 and level = $2 and index >= $3 and index < $4';
    const values = [LOG, level, first, first + count];
    const rows = await this.database.prepared<{ index: number; hash: Buffer }>('tree.subtrees', text, values);
    const found = new Map(rows.map(({ index, hash }) => [index, hash]));
    const hashes: Buffer[] = [];
    for (let index = first; index < first + count; index += 1) {
      hashes.push(found.get(index) ?? rootOf(await this.hashes(level - 1, index * WIDTH, WIDTH)));
    }
    return hashes;
  }

  /** Leaf hashes of the events at positions first + 1 to first + count. */
  async leaves(first: number, count: number): Promise<Buffer[]> {
    const text = 'select leaf from ledger.entry where log = $1 and position > $2 and position <= $3 order by position';
    const rows = await this.database.prepared<{ leaf: Buffer }>('tree.leaves', text, [LOG, first, first + count]);
    if (rows.length !== count) {
      throw new Error(
        `the log holds ${rows.length} of the ${count} events after position ${first}: positions are dense`,
      );
    }
    return rows.map(({ leaf }) => leaf);
  }
}

/** A subtree that is complete: its level, its number there, its hash. */
interface Subtree {
  level: number;
  index: number;
  hash: Buffer;
}

/** The leader's tree: grows with the log in memory; subtrees are written down once they are complete. */
export class GrowingTree {
  /** Complete and not written down yet; in order, each after those that it is made of. */
  private complete: Subtree[] = [];

  private constructor(
    private readonly database: Database,
    private readonly tree: Frontier,
    /** Complete subtrees of each stored level that are not yet in one of the level above. */
    private readonly open: Buffer[][],
  ) {}

  /** Loads the tree up to `size`, writing down subtrees that an earlier leader did not get to. */
  static async load(database: Database, size: number): Promise<GrowingTree> {
    const text = 'select coalesce(max(index) + 1, 0) as count from ledger.subtree where log = $1 and level = 1';
    const [row] = await database.query<{ count: number }>(text, [LOG]);
    const stored = (row?.count ?? 0) * WIDTH;
    const source = new LogTree(database);
    const growing = new GrowingTree(database, await source.frontier(stored), await openSubtrees(database, stored));
    for (let at = stored; at < size; at += READ_LEAVES) {
      growing.push(await source.leaves(at, Math.min(READ_LEAVES, size - at)));
      await growing.write();
    }
    return growing;
  }

  get size(): number {
    return this.tree.size;
  }

  root(): Buffer {
    return this.tree.root();
  }

  get hasUnwritten(): boolean {
    return this.complete.length > 0;
  }

  push(leaves: readonly Buffer[]): void {
    for (const leaf of leaves) {
      this.tree.push(leaf);
      this.close(0, leaf);
    }
  }

  /** Writes down what is complete. Only one call at a time: whoever loads the tree takes them to be there without gaps. */
  async write(): Promise<void> {
    while (this.complete.length > 0) {
      const part = this.complete;
      this.complete = [];
      await this.database.prepared(
        'tree.write',
        `insert into ledger.subtree (log, level, index, hash)
         select $1, * from unnest($2::smallint[], $3::bigint[], $4::bytea[]) on conflict do nothing`,
        [LOG, part.map(({ level }) => level), part.map(({ index }) => index), part.map(({ hash }) => hash)],
      );
    }
  }

  private close(level: number, hash: Buffer): void {
    const siblings = (this.open[level] ??= []);
    siblings.push(hash);
    if (siblings.length < WIDTH) return;
    const parent = rootOf(siblings);
    this.open[level] = [];
    const index = this.tree.size / WIDTH ** (level + 1) - 1;
    this.complete.push({ level: level + 1, index, hash: parent });
    this.close(level + 1, parent);
  }
}

async function openSubtrees(database: Database, size: number): Promise<Buffer[][]> {
  const open: Buffer[][] = [[]];
  for (let level = 1; size / WIDTH ** level >= 1; level += 1) {
    const count = Math.floor(size / WIDTH ** level);
    const text = 'select hash from ledger.subtree where log = $1 and level = $2 and index >= $3 order by index';
    const rows = await database.query<{ hash: Buffer }>(text, [LOG, level, count - (count % WIDTH)]);
    open.push(rows.map(({ hash }) => hash));
  }
  return open;
}
