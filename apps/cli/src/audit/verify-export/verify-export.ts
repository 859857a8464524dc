import { LogVerifier, parseVerifierKey, type VerifyReport } from '#libs/proof';
import { Failure } from '../../failure.js';
import { keysOfHeader } from './export-line.js';
import { ExportReading } from './export-reading.js';
import { LineHashers } from './line-hashers.js';
import { wholeLines } from './whole-lines.js';

export interface VerifyExportOptions {
  /** What messages call the export. */
  name: string;
  /** Public keys of the log; without them those that the export names are taken. */
  keys?: readonly string[];
  witnesses: readonly string[];
  onProgress: (read: { bytes: number; lines: number }) => void;
}

/** Reads an export once, from its first line to its last. Throws a Failure when it is none. */
export async function verifyExport(
  source: AsyncIterable<Uint8Array>,
  { name, keys, witnesses, onProgress }: VerifyExportOptions,
): Promise<VerifyReport> {
  const blocks = wholeLines(source);
  try {
    const first = await blocks.next();
    const verifier = new LogVerifier((keys ?? keysOf(first, name)).map(parseVerifierKey));
    const reading = new ExportReading(verifier);
    await using hashers = new LineHashers();
    for await (const hashed of hashers.inOrder(beginningWith(first, blocks))) {
      reading.take(hashed);
      onProgress(reading);
    }
    return verifier.finish({ checkpoints: reading.checkpoints, witnesses: [...witnesses] });
  } finally {
    await blocks.return(undefined);
  }
}

/** The keys that the export names: good for a look, no proof against whoever made the export. */
function keysOf(first: IteratorResult<Uint8Array>, name: string): string[] {
  const keys = first.done ? [] : keysOfHeader(firstLine(first.value));
  if (keys.length > 0) return keys;
  const remedy = 'Give the public key with --key (see `sledger audit checkpoint`).';
  throw new Failure(`${name} is no export of a whole log: it names no key`, remedy, 'no_key');
}

function firstLine(block: Uint8Array): string {
  const end = block.indexOf(0x0a);
  return Buffer.from(end === -1 ? block : block.subarray(0, end)).toString('utf8');
}

async function* beginningWith<T>(first: IteratorResult<T>, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}
