import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { CloudEvent, SessionView } from '#libs/contracts';
import { openCheckpoint, parseVerifierKey } from '#libs/proof';
import { RawServer, until } from '#libs/testing';
import { CliFixture } from './cli-fixture.js';

let fixture: CliFixture;
let whole: string;
let witness: string;
let session: SessionView;

const path = (name: string) => join(fixture.home.home, name);
const namesOf = (start: string) => readdirSync(fixture.home.home).filter((name) => name.startsWith(start));
const total = 12;

beforeAll(async () => {
  fixture = await CliFixture.open();
  await fixture.json('agent', 'add', 'trader');
  session = await fixture.json<SessionView>('session', 'create', '--agent', 'trader', '--no-supersede');
  const other = await fixture.json<SessionView>('session', 'create', '--agent', 'trader', '--no-supersede');
  for (let round = 0; round < 3; round++) {
    await fixture.run('session', 'rotate', session.id);
    await fixture.run('session', 'rotate', other.id);
  }
  await fixture.run('session', 'revoke', other.id, '--reason', 'the end');
  await until(
    async () => (await fixture.json<{ size: number }>('audit', 'checkpoint', '--to', path('witness'))).size >= 10,
    {
      describe: 'a checkpoint over all that happened',
    },
  );
  witness = path('witness');
  whole = path('whole.ndjson');
  expect((await fixture.json<{ lines: number }>('audit', 'export', '--to', whole)).lines).toBeGreaterThanOrEqual(12);
  const found = async () =>
    (await fixture.json<{ items: CloudEvent[] }>('audit', 'query', '--limit', '50')).items.length;
  await until(async () => (await found()) >= 10, { describe: 'the search to have it all' });
});
afterAll(() => fixture[Symbol.asyncDispose]());

interface Verdict {
  ok: boolean;
  events: number;
  findings: { code: string; position?: number; message: string }[];
  completenessProved: boolean;
  state?: { checked: number; differing: { kind: string; id: string; fields: string[] }[] };
}

async function verify(file: string, ...options: string[]): Promise<Verdict & { exit: number }> {
  const run = await fixture.run('audit', 'verify', file, '--output', 'json', ...options);
  return { ...(run.json as Verdict), exit: run.exit };
}

/** Hands on what the server answers, up to the first event. */
function proxyToFirstEvent(then: (client: Socket) => void): Promise<RawServer> {
  return RawServer.start((client) => {
    const upstream = connect(Number(new URL(fixture.url).port), '127.0.0.1');
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      const firstEvent = chunk.indexOf('"specversion"');
      client.write(firstEvent < 0 ? chunk : chunk.subarray(0, firstEvent));
      if (firstEvent < 0) return;
      upstream.pause();
      then(client);
    });
    client.once('close', () => upstream.destroy());
  });
}

/** A copy of the export with its events changed; header and checkpoints stay. */
function altered(name: string, change: (events: CloudEvent[]) => CloudEvent[]): string {
  const lines = readFileSync(whole, 'utf8').trimEnd().split('\n');
  const isEvent = (line: string) => line.includes('"specversion"');
  const events = change(lines.filter(isEvent).map((line) => JSON.parse(line) as CloudEvent));
  const [head = '', ...rest] = lines.filter((line) => !isEvent(line));
  writeFileSync(path(name), [head, ...events.map((event) => JSON.stringify(event)), ...rest].join('\n') + '\n');
  return path(name);
}

const codes = ({ findings }: Verdict) => [...new Set(findings.map(({ code }) => code))];

describe('audit query', () => {
  it('filters by agent, session, type, actor, time and words', async () => {
    const query = async (...options: string[]) =>
      (await fixture.json<{ items: CloudEvent[] }>('audit', 'query', ...options)).items;
    expect(await query('--session', session.id)).toHaveLength(4);
    expect((await query('--type', 'sessionrevoked')).map(({ data }) => data['reason'])).toEqual(['the end']);
    expect(await query('--agent', 'trader', '--type', 'SessionRenewed', '--limit', '2')).toHaveLength(2);
    expect(await query('--actor', 'nobody')).toEqual([]);
    expect(await query('--until', '1h')).toEqual([]);
    expect(await query('--text', 'end')).toHaveLength(1);
    expect((await fixture.run('audit', 'query', '--limit', '1')).stdout).toMatch(
      /session\.revoked +owner +.*reason=the end/,
    );
  });

  it('exports CSV, whole or filtered', async () => {
    const { stdout } = await fixture.run('audit', 'export', '--format', 'csv', '--session', session.id);
    expect(stdout.trimEnd().split('\r\n')).toHaveLength(5);
    expect(stdout).toMatch(/^position,time,type/);
  });

  it('writes through a link, which stays one', async () => {
    const [file, link] = [path('linked.ndjson'), path('link.ndjson')];
    writeFileSync(file, 'as it was');
    symlinkSync(file, link);
    await fixture.run('audit', 'export', '--to', link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain('"specversion"');
  });

  it('leaves the file as it was when the server goes away before the end', async () => {
    await using cutting = await proxyToFirstEvent((client) => client.destroySoon());
    const file = path('kept.ndjson');
    writeFileSync(file, 'as it was');
    const baseUrl = `http://127.0.0.1:${cutting.port}`;
    const run = await fixture.home.runWith({}, 'audit', 'export', '--to', file, '--base-url', baseUrl);
    expect(run.exit).toBe(1);
    expect(run.stderr).toMatch(/the export ended early.*Run it again/s);
    expect(readFileSync(file, 'utf8')).toBe('as it was');
    expect(namesOf('kept')).toEqual(['kept.ndjson']);
  });

  it('leaves nothing half written when it is interrupted', async () => {
    await using stalling = await proxyToFirstEvent(() => undefined);
    const file = path('halted.ndjson');
    writeFileSync(file, 'as it was');
    const baseUrl = `http://127.0.0.1:${stalling.port}`;
    const running = fixture.home.start('audit', 'export', '--to', file, '--base-url', baseUrl);
    await until(() => namesOf('halted').length === 2, { describe: 'the file to be begun' });
    running.interrupt();
    expect(await running.exit).toBe(130);
    expect(readFileSync(file, 'utf8')).toBe('as it was');
    expect(namesOf('halted')).toEqual(['halted.ndjson']);
  });
});

describe('audit verify', () => {
  it('finds a whole export as it was recorded, and says what it cannot prove', async () => {
    const text = await fixture.run('audit', 'verify', whole);
    expect(text.exit).toBe(0);
    expect(text.stdout).toMatch(/exactly as they were recorded/);
    expect(text.stdout).toMatch(/completeness is not provable without a witness/);
    expect(text.stdout).toMatch(/key was taken from the export/);
    expect(await verify(whole, '--witness', witness)).toMatchObject({ ok: true, completenessProved: true });
  });

  it('works without a server', async () => {
    const run = await fixture.home.runWith({}, 'audit', 'verify', whole, '--base-url', 'http://127.0.0.1:1');
    expect(run.exit).toBe(0);
  });

  it.each<[string, (events: CloudEvent[]) => CloudEvent[], string[], RegExp]>([
    [
      'a changed payload',
      (e) => e.map((event, i) => (i === 5 ? { ...event, data: { ...event.data, generation: 99 } } : event)),
      ['LEAF_DIFFERS', 'ROOT_DIFFERS'],
      /event at 6 does not give its leaf/,
    ],
    [
      'a changed actor',
      (e) => e.map((event, i) => (i === 2 ? { ...event, actor: 'somebody' } : event)),
      ['LEAF_DIFFERS', 'ROOT_DIFFERS'],
      /event at 3 does not give its leaf/,
    ],
    [
      'a removed event',
      (e) => e.filter((_, i) => i !== 4),
      ['POSITION_NOT_DENSE', 'VERSION_NOT_DENSE'],
      /position 6 stands where 5 is due/,
    ],
    [
      'a swapped pair',
      (e) => [...e.slice(0, 3), e[4], e[3], ...e.slice(5)] as CloudEvent[],
      ['POSITION_NOT_DENSE'],
      /position 5 stands where 4 is due/,
    ],
    [
      'an inserted event',
      (e) => [...e.slice(0, 6), e[5], ...e.slice(6)] as CloudEvent[],
      ['POSITION_NOT_DENSE'],
      /position 6 stands where 7 is due/,
    ],
    ['a cut tail', (e) => e.slice(0, -2), ['TAIL_CUT'], /the tail was cut/],
  ])('finds %s and names the first bad entry', async (name, change, expected, first) => {
    const verdict = await verify(altered(`${name.replaceAll(' ', '-')}.ndjson`, change), '--witness', witness);
    expect(verdict).toMatchObject({ exit: 1, ok: false });
    expect(codes(verdict)).toEqual(expect.arrayContaining(expected));
    expect(verdict.findings[0]?.message).toMatch(first);
  });

  it('finds a checkpoint that another key signed', async () => {
    const other = await CliFixture.open();
    await other.json('agent', 'add', 'x');
    const key = await until(
      async () => (await other.run('audit', 'checkpoint', '--output', 'json')).json as { keys: string[] },
      {
        describe: 'the other log’s key',
      },
    );
    await other[Symbol.asyncDispose]();
    const verdict = await verify(whole, '--key', key.keys[0] ?? '');
    expect(verdict).toMatchObject({ exit: 1 });
    expect(codes(verdict)).toEqual(['SIGNATURE_UNKNOWN']);
  });

  it('needs all keys of a log whose key was rotated', async () => {
    await using other = await CliFixture.open();
    await other.json('agent', 'add', 'x');
    const checkpoint = () => other.json<{ keys: string[]; note: string }>('audit', 'checkpoint');
    const before = await until(checkpoint, { describe: 'the first checkpoint' });
    const { key } = await other.json<{ key: string }>('audit', 'rotate-key');
    const isByIt = ({ note }: { note: string }) => openCheckpoint(note, [parseVerifierKey(key)]) !== null;
    const after = await until(async () => ((newest) => isByIt(newest) && newest)(await checkpoint()), {
      describe: 'a checkpoint by the new key',
    });
    expect(after.keys).toEqual([key, ...before.keys]);
    const file = path('rotated.ndjson');
    await other.json('audit', 'export', '--to', file);
    const keys = after.keys.flatMap((text) => ['--key', text]);
    expect(await verify(file, ...keys)).toMatchObject({ exit: 0, ok: true });
    for (const alone of after.keys) {
      expect(codes(await verify(file, '--key', alone))).toEqual(['SIGNATURE_UNKNOWN']);
    }
  });

  it('--state names a head that differs from its events', async () => {
    expect(await verify(whole, '--state')).toMatchObject({ exit: 0, state: { differing: [] } });
    const client = new pg.Client({ connectionString: fixture.database.url });
    await client.connect();
    await client.query('set session_replication_role = replica');
    await client.query('update ledger.session_head set max_renewals = 99 where session_id = $1', [session.id]);
    await client.end();
    const verdict = await verify(whole, '--state');
    expect(verdict).toMatchObject({
      exit: 1,
      state: { differing: [{ kind: 'session', id: session.id, fields: ['maxRenewals'] }] },
    });
  });

  it.each([
    [['audit', 'verify', 'nothing-here'], /nothing-here is not there.*audit export/],
    [['audit', 'verify', import.meta.filename], /is no export of a whole log/],
    [['audit', 'verify', import.meta.filename, '--key', 'x'], /--key: not a verifier key/],
  ])('refuses what is no export: %j', async (args, message) => {
    const run = await fixture.run(...args);
    expect(run).toMatchObject({ exit: 1, stdout: '' });
    expect(run.stderr).toMatch(message);
  });
});

describe('audit tail', () => {
  it('prints what is recorded while it runs, and ends when it is interrupted', async () => {
    const running = fixture.home.start('audit', 'tail', '--lines', '1', '--output', 'json');
    await until(() => running.stdout().includes('the end'), { describe: 'the newest event' });
    await fixture.run('session', 'rotate', session.id);
    await until(() => running.stdout().includes('"generation":4'), { describe: 'the rotation' });
    running.interrupt();
    expect(await running.exit).toBe(130);
    expect(running.stdout().trimEnd().split('\n').length).toBeLessThan(total);
  });
});
