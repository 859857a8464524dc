import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CloudEvent, exportedEventOf } from '#libs/contracts';
import { LogVerifier, parseVerifierKey, type VerifyReport } from '#libs/proof';
import { exportText, sealed, signedExport } from '#libs/testing';
import { ExportReading } from './export-reading.js';
import { hashLines } from './hash-lines.js';
import { wholeLines } from './whole-lines.js';

const RUNS = Number(process.env['PROOF_FUZZ_RUNS'] ?? 400);

// Two marks that are line ends to some readers, but may stand in JSON as they are.
const whole = signedExport(40, 'ü 漢 \u2028 \u2029');
const keys = [parseVerifierKey(whole.key)];

async function* inPieces(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
}

async function readInBlocks(text: string, blockBytes: number): Promise<VerifyReport> {
  const verifier = new LogVerifier(keys);
  const reading = new ExportReading(verifier);
  for await (const block of wholeLines(inPieces(text), blockBytes)) reading.take(hashLines(block));
  return verifier.finish({ checkpoints: reading.checkpoints });
}

function readOneByOne(events: readonly CloudEvent[]): VerifyReport {
  const verifier = new LogVerifier(keys);
  // As a reader gets them: what JSON cannot hold is not in the file.
  for (const event of events) verifier.add(exportedEventOf(JSON.parse(JSON.stringify(event)) as CloudEvent));
  return verifier.finish({ checkpoints: [whole.checkpoint] });
}

it('finds a whole log good', async () => {
  const report = await readInBlocks(exportText(whole, whole.events), 700);
  expect(report).toMatchObject({ ok: true, events: 40, proven: 40 });
});

it('in blocks of any size finds what is found event by event, whatever was altered', async () => {
  const field = fc.constantFrom(...(Object.keys(whole.events[0] as CloudEvent) as (keyof CloudEvent)[]));
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.constantFrom(-0, 2 ** 53, null, '2026-11-21T00:00:00Z', '9999-12-31T23:59:59Z', '\u0000', '\ud800'),
    fc.jsonValue(),
  );
  const change = fc.record({ at: fc.nat(39), field, value, fits: fc.boolean() });
  const order = fc.shuffledSubarray([...whole.events.keys()], { minLength: 30 });
  const property = fc.asyncProperty(
    fc.array(change, { maxLength: 4 }),
    fc.option(order),
    fc.integer({ min: 1, max: 5_000 }),
    async (changes, places, blockBytes) => {
      const events = (places ?? [...whole.events.keys()]).map((at) => whole.events[at] as CloudEvent);
      for (const { at, field: name, value: put, fits } of changes) {
        if (at < events.length) events[at] = altered(events[at] as CloudEvent, name, put, fits);
      }
      const lines = events.filter(
        ({ position, type, subject }) =>
          Number.isFinite(position) && typeof type === 'string' && typeof subject === 'string',
      );
      expect(await readInBlocks(exportText(whole, lines), blockBytes)).toEqual(readOneByOne(lines));
    },
  );
  await fc.assert(property, { numRuns: RUNS });
});

/** `fits`: with a new leaf, where the event still gives one. */
function altered(event: CloudEvent, name: string, value: unknown, fits: boolean): CloudEvent {
  const changed = { ...event, [name]: value } as CloudEvent;
  try {
    return fits ? sealed(JSON.parse(JSON.stringify(changed)) as CloudEvent) : changed;
  } catch {
    return changed;
  }
}

it.each([1, 300, 1_000_000])('names the line that is none of an export, in blocks of %i', async (blockBytes) => {
  const { events } = whole;
  const withLine = (line: string) => exportText(whole, [...events.slice(0, 20), line, ...events.slice(20)]);
  await expect(readInBlocks(withLine('{"specversion'), blockBytes)).rejects.toThrow('line 22 of the export is no JSON');
  await expect(readInBlocks(withLine(''), blockBytes)).rejects.toThrow('line 22 of the export is no JSON');
  for (const line of ['{}', 'null', '7']) {
    await expect(readInBlocks(withLine(line), blockBytes)).rejects.toThrow('line 22 of the export is no event');
  }
});

it('takes lines that end as on Windows, and a last line without an end', async () => {
  const text = exportText(whole, whole.events);
  expect(await readInBlocks(text.replaceAll('\n', '\r\n'), 700)).toMatchObject({ ok: true, proven: 40 });
  expect(await readInBlocks(text.trimEnd(), 700)).toMatchObject({ ok: true, proven: 40 });
});
