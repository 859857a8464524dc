const NEW_LINE = 0x0a;
const BLOCK_BYTES = 1024 * 1024;

/**
 * The bytes of a file in blocks of whole lines, each about `blockBytes` long and in memory of its own, so that it can be given away.
 * Only the last one may end without a line feed. A line longer than a block comes whole.
 */
export async function* wholeLines(
  source: AsyncIterable<Uint8Array>,
  blockBytes = BLOCK_BYTES,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    const end = length + chunk.length < blockBytes ? 0 : chunk.lastIndexOf(NEW_LINE) + 1;
    if (end > 0) {
      yield joined([...parts, chunk.subarray(0, end)]);
      parts = [];
      length = 0;
    }
    const rest = chunk.subarray(end);
    parts.push(rest);
    length += rest.length;
  }
  if (length > 0) yield joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    block.set(part, at);
    at += part.length;
  }
  return block;
}
