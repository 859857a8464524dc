import { randomBytes, randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const ID_BYTES = 16;
/** Drawn for many ids in one call: a call for each costs more than the rest of an id. */
const random = new Uint8Array(256 * ID_BYTES);
let used = random.length;
let last = { msecs: 0, seq: 0 };

/** A new UUID v7: its order is the order of making, in this process. */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const bytes = random.subarray(used, used + ID_BYTES);
  used += ID_BYTES;
  last = after(last, bytes);
  return v7({ random: bytes, ...last });
}

/** RFC 9562, 6.2, method 1: a counter of 32 bits that begins anew, at random, with each millisecond; its first bit is kept free. */
function after({ msecs, seq }: typeof last, bytes: Uint8Array): typeof last {
  const now = Date.now();
  if (now > msecs) return { msecs: now, seq: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) >>> 1 };
  return { msecs, seq: seq + 1 };
}

/** A random secret with 256 bits, base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
