import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalJson,
  leafHash,
  LogVerifier,
  parseVerifierKey,
  rawPublicKeyOf,
  rootOf,
  signCheckpoint,
  toMicros,
  verifierKey,
  type CheckpointSigner,
  type ExportedEvent,
  type VerifyReport,
} from '../index.js';

const ORIGIN = 'ledger.test/log/main';

function newSigner(): CheckpointSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519') as { publicKey: KeyObject; privateKey: KeyObject };
  return { origin: ORIGIN, rawPublicKey: rawPublicKeyOf(publicKey), privateKey };
}

const signer = newSigner();
const keys = [parseVerifierKey(verifierKey(ORIGIN, signer.rawPublicKey))];

/** As whoever holds the database can make it: every leaf fits its event. */
function sealed(event: Omit<ExportedEvent, 'leaf'>): ExportedEvent {
  const leaf = leafHash({ ...event, micros: toMicros(event.time), payload: canonicalJson(event.data) });
  return { ...event, leaf: leaf.toString('hex') };
}

/** Three streams taking turns. */
function makeLog(count: number): ExportedEvent[] {
  return Array.from({ length: count }, (_, index) =>
    sealed({
      position: index + 1,
      streamId: `session:${index % 3}`,
      version: Math.floor(index / 3) + 1,
      id: `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`,
      type: 'SessionRenewed',
      schemaVersion: 1,
      time: new Date(1_790_000_000_000 + index * 1000).toISOString(),
      actor: 'agent:a',
      requestId: 'r',
      data: { generation: index, note: 'ä' },
    }),
  );
}

function note(events: ExportedEvent[], by = signer): string {
  const root = rootOf(events.map(({ leaf }) => Buffer.from(leaf, 'hex')));
  return signCheckpoint({ size: events.length, root, time: '2026-11-21T00:00:00Z' }, by);
}

function verify(events: ExportedEvent[], checkpoints: string[], witnesses: string[] = []): VerifyReport {
  const verifier = new LogVerifier(keys);
  events.forEach((event) => verifier.add(event));
  return verifier.finish({ checkpoints, witnesses });
}

const codes = ({ findings }: VerifyReport) => [...new Set(findings.map(({ code }) => code))].sort();
/** What somebody with the database does after a change: positions, versions and leaves are made to fit. */
function refit(events: ExportedEvent[]): ExportedEvent[] {
  const versions = new Map<string, number>();
  return events.map(({ leaf: _, ...event }, index) => {
    const version = (versions.get(event.streamId) ?? 0) + 1;
    versions.set(event.streamId, version);
    return sealed({ ...event, position: index + 1, version });
  });
}

describe('a whole log', () => {
  const log = makeLog(60);

  it('is found good, and says how far that is proved and witnessed', () => {
    const report = verify(log, [note(log.slice(0, 20)), note(log)], [note(log.slice(0, 30))]);
    expect(report).toEqual({ ok: true, events: 60, findings: [], findingCount: 0, proven: 60, witnessed: 30 });
  });

  it('without a witness claims no completeness', () => {
    expect(verify(log, [note(log)])).toMatchObject({ ok: true, witnessed: 0 });
  });
});

describe('an altered log', () => {
  const log = makeLog(60);
  const checkpoints = [note(log.slice(0, 20)), note(log.slice(0, 40)), note(log)];
  const at = (index: number) => log[index] as ExportedEvent;
  const changed = log.map((event, index) => (index === 29 ? { ...event, data: { generation: 99 } } : event));

  it('a changed payload', () => {
    const report = verify(changed, checkpoints);
    expect(report.findings[0]).toMatchObject({ code: 'LEAF_DIFFERS', position: 30 });
  });

  it('a changed payload with every leaf made to fit, between the checkpoints that still hold and do not', () => {
    const report = verify(refit(changed), checkpoints);
    expect(report).toMatchObject({ proven: 20 });
    expect(report.findings[0]).toMatchObject({ code: 'ROOT_DIFFERS', from: 21, position: 40 });
  });

  it('a removed event, left open and made to fit', () => {
    const removed = log.filter((_, index) => index !== 29);
    expect(codes(verify(removed, checkpoints))).toEqual([
      'POSITION_NOT_DENSE',
      'ROOT_DIFFERS',
      'TAIL_CUT',
      'VERSION_NOT_DENSE',
    ]);
    expect(codes(verify(refit(removed), checkpoints))).toEqual(['ROOT_DIFFERS', 'TAIL_CUT']);
  });

  it('a swapped pair', () => {
    const swapped = [...log];
    [swapped[29], swapped[32]] = [at(32), at(29)];
    expect(codes(verify(swapped, checkpoints))).toContain('POSITION_NOT_DENSE');
    expect(codes(verify(refit(swapped), checkpoints))).toEqual(expect.arrayContaining(['ROOT_DIFFERS']));
  });

  it('a cut tail', () => {
    expect(verify(log.slice(0, 50), checkpoints).findings).toEqual([
      expect.objectContaining({ code: 'TAIL_CUT', from: 51, position: 60 }),
    ]);
  });

  it('a cut tail whose checkpoints were cut with it: only a witness shows it', () => {
    const cut = log.slice(0, 40);
    expect(verify(cut, checkpoints.slice(0, 2))).toMatchObject({ ok: true, witnessed: 0 });
    expect(codes(verify(cut, checkpoints.slice(0, 2), [note(log)]))).toEqual(['TAIL_CUT']);
  });

  it('an inserted event', () => {
    const inserted = [...log.slice(0, 30), { ...at(29), id: at(0).id }, ...log.slice(30)];
    expect(codes(verify(inserted, checkpoints))).toContain('POSITION_NOT_DENSE');
    expect(codes(verify(refit(inserted), checkpoints))).toContain('ROOT_DIFFERS');
  });

  it('two sessions’ events exchanged', () => {
    const exchanged = log.map((event, index) =>
      index === 30
        ? { ...event, streamId: at(31).streamId }
        : index === 31
          ? { ...event, streamId: at(30).streamId }
          : event,
    );
    expect(codes(verify(exchanged, checkpoints))).toContain('LEAF_DIFFERS');
    expect(codes(verify(refit(exchanged), checkpoints))).toContain('ROOT_DIFFERS');
  });

  it('a checkpoint signed with another key', () => {
    expect(codes(verify(log, [note(log, newSigner())]))).toEqual(['SIGNATURE_UNKNOWN']);
  });

  it('a whole history re-signed with the right key, against a witness', () => {
    const rewritten = refit(changed);
    const resigned = [note(rewritten.slice(0, 20)), note(rewritten)];
    expect(verify(rewritten, resigned)).toMatchObject({ ok: true });
    const report = verify(rewritten, resigned, [note(log.slice(0, 50))]);
    expect(report.findings).toEqual([expect.objectContaining({ code: 'WITNESS_DIFFERS', from: 21, position: 50 })]);
  });
});

/** Of each property; more for a longer look. */
const RUNS = Number(process.env['PROOF_FUZZ_RUNS'] ?? 500);

describe('any input', () => {
  const log = makeLog(40);
  const checkpoints = [note(log)];

  it('is survived', () => {
    fc.assert(
      fc.property(fc.array(fc.anything()), fc.array(fc.string()), (events, notes) => {
        const verifier = new LogVerifier(keys);
        for (const event of events) verifier.add({ ...log[0], ...(event as object) } as ExportedEvent);
        const { ok } = verifier.finish({ checkpoints: notes });
        return events.length === 0 || !ok || events.length === 1;
      }),
      { numRuns: RUNS },
    );
  });

  it('with one field of one event changed is found out', () => {
    const fieldNames = ['position', 'streamId', 'version', 'id', 'type', 'actor', 'data', 'time'] as const;
    const field = fc.constantFrom(...fieldNames);
    // Each of them also as what no message can be made of.
    fc.assert(
      fc.property(fc.nat(39), field, fc.oneof(fc.string(), fc.integer(), fc.jsonValue()), (index, name, value) => {
        const original = log[index] as ExportedEvent;
        if (canonicalJson({ v: original[name] }) === canonicalJson({ v: value })) return true;
        const altered = log.map((event, at) => (at === index ? ({ ...event, [name]: value } as ExportedEvent) : event));
        return !verify(altered, checkpoints).ok;
      }),
      {
        numRuns: RUNS,
        examples: fieldNames.map((name): [number, typeof name, fc.JsonValue] => [
          0,
          name,
          { toString: {}, valueOf: {} },
        ]),
      },
    );
  });

  it('refuses a signature whose base64 was altered in bits that decode to nothing', () => {
    const [good] = checkpoints as [string];
    const altered = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/']
      .map((last) => good.replace(/.(=*\n)$/, `${last}$1`))
      .filter((text) => text !== good);
    expect(altered).toHaveLength(63);
    for (const text of altered) expect(verify(log, [text]).ok).toBe(false);
  });

  it('of notes is refused or was signed', () => {
    const [good] = checkpoints as [string];
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (at, text) => {
        const altered = good.slice(0, at) + text + good.slice(at + text.length);
        return altered === good || !verify(log, [altered]).ok;
      }),
      { numRuns: RUNS },
    );
  });
});
