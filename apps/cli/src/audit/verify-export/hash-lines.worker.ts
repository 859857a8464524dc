import { parentPort } from 'node:worker_threads';
import { hashLines, memoryOf } from './hash-lines.js';

/** A thread of `LineHashers`: a block comes, its hashes go back, in order. */
parentPort?.on('message', (block: Uint8Array) => {
  const hashed = hashLines(block);
  parentPort?.postMessage(hashed, memoryOf(hashed));
});
