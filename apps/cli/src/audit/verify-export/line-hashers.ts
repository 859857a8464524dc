import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { hashLines, type HashedLines } from './hash-lines.js';

/** Starting threads costs more than to hash so little here. */
const BLOCKS_WITHOUT_THREADS = 4;
const MOST_THREADS = 4;
/** One block in work and one waiting, so that no thread idles. */
const BLOCKS_EACH = 2;

/** Hashes blocks of lines, the first few here and the others in threads. */
export class LineHashers implements AsyncDisposable {
  private threads: Thread[] = [];
  private blocks = 0;

  /** The blocks' hashes in the order of the blocks; only as many blocks are read ahead as the threads need. */
  async *inOrder(blocks: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<HashedLines> {
    const pending: Promise<HashedLines>[] = [];
    for await (const block of blocks) {
      const hashed = this.hash(block);
      // It is awaited below, or not at all once an earlier one has failed.
      hashed.catch(() => undefined);
      pending.push(hashed);
      if (pending.length > this.threads.length * BLOCKS_EACH) yield await (pending.shift() as Promise<HashedLines>);
    }
    for (const hashed of pending) yield await hashed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.stop()));
  }

  private async hash(block: Uint8Array<ArrayBuffer>): Promise<HashedLines> {
    const turn = this.blocks++;
    if (turn < BLOCKS_WITHOUT_THREADS) return hashLines(block);
    if (this.threads.length === 0) this.threads = startThreads();
    return (this.threads[turn % this.threads.length] as Thread).hash(block);
  }
}

function startThreads(): Thread[] {
  return Array.from({ length: Math.min(availableParallelism(), MOST_THREADS) }, () => new Thread());
}

interface Waiting {
  resolve: (hashed: HashedLines) => void;
  reject: (error: Error) => void;
}

class Thread {
  private readonly worker = new Worker(new URL('./hash-lines.worker.js', import.meta.url));
  private readonly waiting: Waiting[] = [];
  private failure: Error | undefined;

  constructor() {
    this.worker.on('message', (hashed: HashedLines) => this.waiting.shift()?.resolve(hashed));
    this.worker.on('error', (error: Error) => this.fail(error));
    this.worker.on('exit', () => this.fail(new Error('a thread of the verifier ended early')));
  }

  /** Takes the block's memory along. */
  hash(block: Uint8Array<ArrayBuffer>): Promise<HashedLines> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(block, [block.buffer]);
    });
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.splice(0)) reject(this.failure);
  }
}
