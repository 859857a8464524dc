import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { OwnerClient } from '#libs/client';
import { type SessionView, SYSTEM_STREAM } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, LogKeys } from '#libs/ledger';
import { loadConfig } from '#libs/platform';
import {
  openCheckpoint,
  parseVerifierKey,
  rawPublicKeyOf,
  rootOf,
  signCheckpoint,
  verifyConsistency,
  verifyInclusion,
  type CheckpointSigner,
} from '#libs/proof';
import { until } from '#libs/testing';
import { SecretBox } from '#libs/tokens';
import { CliFixture } from '../../e2e/cli/cli-fixture.js';
import { type ForgedCheckpoint, type ForgedEvent, Forger, leavesOf } from './forger.js';

/** The stored tree has a subtree of every 256 leaves: the log crosses two of its borders. */
const SIZES = [300, 550, 600];
const BORDERS = [1, 255, 256, 257, 400, 512, 513];

interface Verdict {
  ok: boolean;
  events: number;
  findings: { code: string; from?: number; position?: number }[];
  witnessed: number;
  state?: { differing: { kind: string; id: string; fields: string[] }[] };
}

let fixture: CliFixture;
let forger: Forger;
let session: SessionView & { token: string };
/** What the auditor keeps, out of everybody's reach. */
let key: string;
let witness: string;
/** As it was before anybody touched it. */
let original: { log: ForgedEvent[]; checkpoints: ForgedCheckpoint[] };

const path = (name: string) => join(fixture.home.home, name);

beforeAll(async () => {
  fixture = await CliFixture.open();
  await fixture.json('agent', 'add', 'courier');
  const create = () => fixture.json<typeof session>('session', 'create', '--agent', 'courier', '--no-supersede');
  session = await create();
  const other = await create();
  await using database = await Database.open({ url: fixture.database.url, applicationName: 'tamper', poolSize: 2 });
  const ledger = createLedger(database);
  for (const size of SIZES) await growTo(size, database, ledger, [session, other]);
  await fixture.json('audit', 'checkpoint', '--to', path('witness'));
  witness = path('witness');
  key = (await fixture.json<{ keys: string[] }>('audit', 'checkpoint')).keys[0] as string;
  forger = await Forger.break(fixture.database.url);
  original = { log: await forger.log(), checkpoints: await forger.checkpoints() };
});

afterAll(async () => {
  await forger?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
});

afterEach(async () => {
  await forger.rewrite(original.log);
  await forger.replaceCheckpoints(original.checkpoints);
});

/** Rotations of two sessions, one after the other, among events of the system; then waits until all of it is signed. */
async function growTo(
  size: number,
  database: Database,
  ledger: ReturnType<typeof createLedger>,
  sessions: SessionView[],
): Promise<void> {
  const length = async () =>
    (await database.query<{ n: number }>('select count(*)::int as n from ledger.event'))[0]?.n ?? 0;
  for (let now = await length(); now < size; now = await length()) {
    for (const { id } of sessions) await fixture.run('session', 'rotate', id);
    const events = Array.from({ length: Math.min(40, size - now) }, () => ({
      id: randomUUID(),
      time: Date.now(),
      type: 'KillSwitchReleased' as const,
      data: { reason: 'drill' },
    }));
    await ledger.append({
      streams: [{ streamId: SYSTEM_STREAM, expectedVersion: null, events }],
      heads: { killSwitch: { active: false, reason: 'drill', changedAt: 1 } },
      actor: 'owner',
      requestId: 'drill',
      duringKillSwitch: true,
    });
  }
  const all = await length();
  await until(async () => (await fixture.json<{ size: number }>('audit', 'checkpoint')).size === all, {
    describe: `a checkpoint of ${all} events`,
  });
}

/** As an auditor does it: the export of the running server, then the file alone with key and witness. */
async function verify(...options: string[]): Promise<Verdict> {
  await fixture.json('audit', 'export', '--to', path('log.ndjson'));
  const run = await fixture.run('audit', 'verify', path('log.ndjson'), '--key', key, '--output', 'json', ...options);
  const verdict = run.json as Verdict;
  expect(run.exit).toBe(verdict.ok ? 0 : 1);
  return verdict;
}

const codes = ({ findings }: Verdict) => [...new Set(findings.map(({ code }) => code))].sort();

/** The first finding of a root names a range that the position lies in, between two checkpoints. */
function expectRootFinding({ findings }: Verdict, position: number): void {
  const found = findings.find(({ code }) => code === 'ROOT_DIFFERS');
  expect(found).toBeDefined();
  expect(found?.from).toBeLessThanOrEqual(position);
  expect(found?.position).toBeGreaterThanOrEqual(position);
}

function without<T>(items: readonly T[], index: number): T[] {
  return items.filter((_, at) => at !== index);
}

function swapped(log: readonly ForgedEvent[], a: number, b: number): ForgedEvent[] {
  const copy = [...log];
  [copy[a], copy[b]] = [log[b] as ForgedEvent, log[a] as ForgedEvent];
  return copy;
}

function at(position: number): ForgedEvent {
  return original.log[position - 1] as ForgedEvent;
}

describe('a log of more than two stored subtrees', () => {
  it('is found good by the command line, up to the witness', async () => {
    const verdict = await verify('--witness', witness, '--state');
    expect(verdict).toMatchObject({ ok: true, findings: [], state: { differing: [] } });
    expect(verdict.events).toBe(original.log.length);
    expect(verdict.witnessed).toBe(original.log.length);
  });

  it('is still good after everything was written anew as it was: what follows is found by its content alone', async () => {
    await forger.rewrite(original.log);
    expect(await verify('--witness', witness)).toMatchObject({ ok: true });
  });

  it('proves over HTTP that an event is in it, and that it only grew, across the borders of the stored subtrees', async () => {
    const note = original.checkpoints.at(-1)?.note ?? '';
    const { size, root } = openCheckpoint(note, [parseVerifierKey(key)]) as { size: number; root: Buffer };
    const credential = readFileSync(join(fixture.home.dataDir, 'owner-key'), 'utf8').trim();
    const owner = new OwnerClient({ baseUrl: fixture.url, credential });
    const bytes = (hashes: string[]) => hashes.map((hash) => Buffer.from(hash, 'hex'));
    for (const position of [...BORDERS, size]) {
      const query = { position, size };
      const { leaf, proof } = await owner.http.call('GET /v1/audit/proofs/inclusion', { query });
      const claim = { leaf: Buffer.from(leaf, 'hex'), index: position - 1, size, root };
      expect([position, verifyInclusion(claim, bytes(proof))]).toEqual([position, true]);
      expect(verifyInclusion({ ...claim, index: position % size }, bytes(proof))).toBe(false);
    }
    for (const from of BORDERS) {
      const query = { from, to: size };
      const found = await owner.http.call('GET /v1/audit/proofs/consistency', { query });
      const oldRoot = rootOf(leavesOf(original.log).slice(0, from));
      expect(found.fromRoot).toBe(oldRoot.toString('hex'));
      expect(verifyConsistency({ oldSize: from, oldRoot, size, root }, bytes(found.proof))).toBe(true);
    }
    const beyond = owner.http.call('GET /v1/audit/proofs/consistency', { query: { from: 1, to: 9999 } });
    await expect(beyond).rejects.toMatchObject({ problem: { code: 'BAD_REQUEST' } });
  });
});

describe('a superuser with triggers off, who makes every leaf, head and subtree fit', () => {
  it.each(BORDERS)('changes the payload at %i', async (position) => {
    const change = { ...at(position), payload: at(position).payload.replace(/^\{/, '{"0":1,') };
    await forger.rewrite(original.log.map((event, index) => (index === position - 1 ? change : event)));
    const verdict = await verify('--witness', witness);
    expect(codes(verdict)).toEqual(['ROOT_DIFFERS', 'WITNESS_DIFFERS']);
    expectRootFinding(verdict, position);
  });

  it.each([
    ['a payload that is no JSON', { payload: '{"' }],
    ['a type that nobody knows', { type: 'SessionSold' }],
    ['a version of the future', { schemaVersion: 99 }],
  ])('puts %s into the middle: the export still comes, and the event is named', async (_, change) => {
    const position = 257;
    await forger.rewrite(
      original.log.map((event, index) => (index === position - 1 ? { ...event, ...change } : event)),
    );
    const verdict = await verify();
    expect(verdict.events).toBe(original.log.length);
    expectRootFinding(verdict, position);
  });

  it.each(BORDERS.slice(1))('removes the event at %i', async (position) => {
    await forger.rewrite(without(original.log, position - 1));
    const verdict = await verify();
    expect(codes(verdict)).toEqual(expect.arrayContaining(['ROOT_DIFFERS', 'TAIL_CUT']));
    expectRootFinding(verdict, position);
  });

  it.each([
    [255, 256],
    [256, 257],
    [10, 500],
    [512, 513],
  ])('swaps the events at %i and %i', async (first, second) => {
    await forger.rewrite(swapped(original.log, first - 1, second - 1));
    const verdict = await verify();
    expect(codes(verdict)).toContain('ROOT_DIFFERS');
    expectRootFinding(verdict, first);
  });

  it.each([256, 257, 513])('inserts an event at %i', async (position) => {
    const inserted = { ...at(position), id: randomUUID() };
    await forger.rewrite([...original.log.slice(0, position - 1), inserted, ...original.log.slice(position - 1)]);
    const verdict = await verify();
    expect(codes(verdict)).toContain('ROOT_DIFFERS');
    expectRootFinding(verdict, position);
  });

  it('exchanges two sessions’ events across a border', async () => {
    const [a, b] = [...new Set(original.log.map(({ streamId }) => streamId).filter((id) => id.startsWith('session:')))];
    const first = original.log.findLastIndex(({ streamId }, index) => streamId === a && index < 256);
    const second = original.log.findIndex(({ streamId }, index) => streamId === b && index >= 256);
    const exchanged = original.log.map((event, index) => {
      if (index === first) return { ...event, streamId: b as string };
      return index === second ? { ...event, streamId: a as string } : event;
    });
    await forger.rewrite(exchanged);
    const verdict = await verify();
    expect(codes(verdict)).toContain('ROOT_DIFFERS');
    expectRootFinding(verdict, first + 1);
  });

  it.each([256, 511, 512])('cuts the tail after %i, and the checkpoints that tell of it', async (size) => {
    await forger.rewrite(original.log.slice(0, size));
    expect(codes(await verify())).toEqual(['TAIL_CUT']);
    await forger.replaceCheckpoints(original.checkpoints.filter((checkpoint) => checkpoint.size <= size));
    expect(await verify()).toMatchObject({ ok: true, witnessed: 0, events: size });
    expect(codes(await verify('--witness', witness))).toEqual(['TAIL_CUT']);
  });

  it('signs the checkpoints with a key of their own', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const { origin } = openCheckpoint(original.checkpoints[0]?.note ?? '', [parseVerifierKey(key)]) ?? { origin: '' };
    await forger.replaceCheckpoints(
      resigned(original.log, { origin, rawPublicKey: rawPublicKeyOf(publicKey), privateKey }),
    );
    expect(codes(await verify())).toEqual(['SIGNATURE_UNKNOWN']);
  });

  it('signs the whole rewritten history with the true key: a witness shows it', async () => {
    const position = 300;
    const change = { ...at(position), actor: 'nobody' };
    const rewritten = original.log.map((event, index) => (index === position - 1 ? change : event));
    await forger.rewrite(rewritten);
    await forger.replaceCheckpoints(resigned(rewritten, await trueSigner()));
    expect(await verify()).toMatchObject({ ok: true, witnessed: 0 });
    expect(codes(await verify('--witness', witness))).toEqual(['WITNESS_DIFFERS']);
  });

  it('revives a session’s head, whole, as it was before its end', async () => {
    const head = await forger.sessionHead(session.id);
    await fixture.run('session', 'revoke', session.id);
    await forger.putSessionHead(session.id, head);
    const verdict = await verify('--state');
    expect(verdict.findings).toEqual([]);
    expect(verdict.state?.differing).toEqual([
      { kind: 'session', id: session.id, fields: expect.arrayContaining(['status', 'version']) },
    ]);
  });
});

function resigned(log: readonly ForgedEvent[], signer: CheckpointSigner): ForgedCheckpoint[] {
  const leaves = leavesOf(log);
  return original.checkpoints.map(({ size, signed_at }) => {
    const root = rootOf(leaves.slice(0, size));
    return { size, root, signed_at, note: signCheckpoint({ size, root, time: signed_at.toISOString() }, signer) };
  });
}

async function trueSigner(): Promise<CheckpointSigner> {
  await using database = await Database.open({ url: fixture.database.url, applicationName: 'thief', poolSize: 1 });
  const sealer = SecretBox.open(loadConfig(fixture.environment).sealKey);
  return await new LogKeys(database).signer(sealer, 'not used');
}
