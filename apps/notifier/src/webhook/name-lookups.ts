import type { lookup, LookupAddress, LookupOptions } from 'node:dns';

/** Names are looked up on libuv's threads, which gives this two of Node's four; nothing ends a lookup before its time. */
const AT_ONCE = 2;

export type LookupAnswer = (error: Error | null, addresses: LookupAddress[]) => void;

/**
 * Looks up the names of many hosts: each once at a time, for all that wait for it, and no answer is kept. A name whose lookup
 * hangs would hold a thread again and again: of all such names one at a time is tried, so that the others get theirs.
 */
export class NameLookups {
  private readonly underWay = new Map<string, LookupAnswer[]>();
  private readonly queue: (() => void)[] = [];
  private running = 0;
  /** Names whose lookup under way, or the last one, took longer than anybody waits for it. */
  private readonly hanging = new Set<string>();

  constructor(
    private readonly resolve: typeof lookup,
    private readonly patienceMs: number,
  ) {}

  lookup(hostname: string, options: LookupOptions, answer: LookupAnswer): void {
    if (this.hanging.has(hostname) && [...this.underWay.keys()].some((name) => this.hanging.has(name))) {
      const error = new Error(`the name servers of ${hostname} do not answer in time`);
      return answer(Object.assign(error, { code: 'EAI_AGAIN' }), []);
    }
    const waiting = this.underWay.get(hostname);
    if (waiting) return void waiting.push(answer);
    this.underWay.set(hostname, [answer]);
    this.queue.push(() => this.start(hostname, options));
    this.startQueued();
  }

  private startQueued(): void {
    while (this.running < AT_ONCE && this.queue.length > 0) this.queue.shift()!();
  }

  private start(hostname: string, options: LookupOptions): void {
    this.running += 1;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.hanging.add(hostname);
    }, this.patienceMs).unref();
    this.resolve(hostname, { ...options, all: true }, (error, addresses) => {
      clearTimeout(timer);
      if (!isLate) this.hanging.delete(hostname);
      this.running -= 1;
      const waiting = this.underWay.get(hostname)!;
      this.underWay.delete(hostname);
      for (const answer of waiting) answer(error, addresses as LookupAddress[]);
      this.startQueued();
    });
  }
}
