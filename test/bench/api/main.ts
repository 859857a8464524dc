import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { OwnerClient } from '#libs/client';
import { Database } from '#libs/database';
import { EmbeddedNats, EmbeddedPostgres } from '#libs/embedded';
import { type RunningProcess, startProcess } from '#libs/testing';
import { SecretBox } from '#libs/tokens';
import { runBench, type BenchRun } from '../bench-run.js';
import { SessionMaker } from './aged-sessions.js';
import { load, type Load, type LoadResult, type Request } from './load.js';
import { OIDC_TABLE } from './oidc-adapter.js';
import { peerLoads, type Peer } from './peer.js';
import { report, type Row } from './report.js';

/** Requests per second that a renewal can at most reach here; so many sessions are made ahead for each measurement. */
const RENEWALS_PER_SECOND = 2_500;
const POOL = '16';
const GOAL = 0.6;
/** An A/A pair further apart than this says more about the machine than about the code. */
const NOISE = 0.15;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const dist = join(import.meta.dirname, '..', '..', '..');

await runBench('api', bench);

async function bench(run: BenchRun): Promise<void> {
  const dataDir = run.folder;
  const postgres = await EmbeddedPostgres.start({
    dataDir: join(dataDir, 'postgres'),
    database: 'bench',
    settings: { max_connections: '200' },
  });
  run.onEnd(() => postgres.stop());
  const cacheDir = join(homedir(), '.cache', 'session-ledger');
  const nats = await EmbeddedNats.start({ dataDir: join(dataDir, 'nats'), cacheDir });
  run.onEnd(() => nats.stop());

  const sealKey = randomBytes(32).toString('base64');
  const issuer = 'http://127.0.0.1:3100';
  const api = await service(run, [join(dist, 'apps', 'api', 'src', 'main.js')], /"url":"(http[^"]+)"/, {
    LEDGER_DATA_DIR: dataDir,
    DATABASE_URL: postgres.url,
    NATS_URL: nats.url,
    LEDGER_PORT: '0',
    LEDGER_ISSUER: issuer,
    LEDGER_SEAL_KEY: sealKey,
    LEDGER_DATABASE_POOL: POOL,
    LEDGER_RATE_LIMIT: '0',
    LEDGER_ADDRESS_RATE_LIMIT: '0',
    LEDGER_LOG_LEVEL: 'info',
  });
  const database = await Database.open({ url: postgres.url, applicationName: 'bench', poolSize: 64 });
  run.onEnd(() => database[Symbol.asyncDispose]());
  await prepareBaseline(database);
  const bare = await service(
    run,
    [join(import.meta.dirname, 'bare-routes.js'), postgres.url, POOL],
    /(http\S+) ready/,
    {},
  );

  const owner = new OwnerClient({ baseUrl: api, credential: readFileSync(join(dataDir, 'owner-key'), 'utf8').trim() });
  const agent = await owner.createAgent({ name: 'bench' });
  const maker = new SessionMaker(database, agent, { box: SecretBox.open({ base64: sealKey }), issuer });

  const peerScript = join(import.meta.dirname, 'oidc-peer.js');
  const peer = JSON.parse(
    await service(run, [peerScript, postgres.url, POOL, '64'], /peer (\{.*\}) ready/, {}),
  ) as Peer;
  const { key } = await owner.http.json<{ key: string }>('POST', '/v1/api-keys', {
    body: { name: 'a resource server', role: 'resource' },
  });

  const rows: Row[] = [];
  for (const connections of [32, 64]) rows.push(...(await measure(connections, { api, bare, maker, peer, key })));
  report('api', rows);
}

async function prepareBaseline(database: Database): Promise<void> {
  const owner = await database.connect();
  try {
    await owner.query('set role none');
    await owner.query(
      'create table bench_row (id uuid primary key, payload text not null, at timestamptz default now())',
    );
    await owner.query('grant insert on bench_row to session_ledger_app');
    await owner.query(OIDC_TABLE);
  } finally {
    owner.release(true);
  }
}

interface Sides {
  api: string;
  bare: string;
  maker: SessionMaker;
  peer: Peer;
  /** Of a resource server, for introspection. */
  key: string;
}

/** Rounds in shuffled order; ratios are taken within a round, the median over the rounds is reported. */
async function measure(connections: number, { api, bare, maker, peer, key }: Sides): Promise<Row[]> {
  const readers = await maker.make(500);
  const results: Record<string, LoadResult[]> = {};
  const of = (requests: Request[], again: boolean) => {
    let at = 0;
    return { next: () => (again ? requests[at++ % requests.length] : requests[at++]) ?? null };
  };
  const introspect = readers.map(({ token }): Request => ({
    method: 'POST',
    path: '/oauth/introspect',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: `token=${token}`,
  }));
  const select = readers.map(({ id }): Request => ({ method: 'GET', path: `/select/${id}` }));
  const whoami = readers.map(({ token }): Request => ({
    method: 'GET',
    path: '/v1/session',
    headers: { authorization: `Bearer ${token}` },
  }));
  for (let round = 0; round <= rounds; round++) {
    const renewals = (await maker.make(RENEWALS_PER_SECOND * seconds)).map(({ id, token }): Request => ({
      method: 'PUT',
      path: `/v1/sessions/${id}/renew`,
      headers: { authorization: `Bearer ${token}` },
    }));
    const rungs: [string, string, Pick<Load, 'next' | 'answered'>][] = [
      ['insert', bare, of([{ method: 'PUT', path: '/insert' }], true)],
      ['insert again', bare, of([{ method: 'PUT', path: '/insert' }], true)],
      ['renew', api, of(renewals, false)],
      ['select', bare, of(select, true)],
      ['whoami', api, of(whoami, true)],
      ['introspect', api, of(introspect, true)],
      ['peer refresh', peer.url, peerLoads(peer).refresh],
      ['peer introspect', peer.url, peerLoads(peer).introspect],
    ];
    for (const [name, url, requests] of shuffled(rungs)) {
      const result = await load(url, { connections, seconds, ...requests });
      if (round > 0 && result.failed > 0)
        throw new Error(
          `${name}: ${result.failed} requests were not answered with 200, the first with ${result.failure}`,
        );
      // The first round warms up.
      if (round > 0) (results[name] ??= []).push(result);
    }
    process.stdout.write(`${connections} connections, round ${round} of ${rounds}\n`);
  }
  return rowsOf(connections, results);
}

function rowsOf(connections: number, results: Record<string, LoadResult[]>): Row[] {
  const rate = (name: string) => median((results[name] ?? []).map(({ perSecond }) => perSecond));
  const ratio = (name: string, baseline: string) =>
    median((results[name] ?? []).map(({ perSecond }, i) => perSecond / (results[baseline]?.[i]?.perSecond ?? NaN)));
  const noise = ratio('insert again', 'insert');
  const quiet = Math.abs(noise - 1) <= NOISE;
  const row = (name: string, figure: string, baseline: string, goal: number | null = GOAL): Row => {
    const value = ratio(name, baseline);
    const met = quiet && goal !== null ? value >= goal : null;
    const p99 = median((results[name] ?? []).map((result) => result.p99)).toFixed(1);
    const title = `${figure}, ${connections} connections (p99 ${p99} ms)`;
    return { figure: title, value: rate(name), unit: '/s', baseline: rate(baseline), ratio: value, goal, met };
  };
  return [
    row('renew', 'renew against one durable insert', 'insert'),
    row('whoami', 'GET /v1/session against one select', 'select'),
    row('renew', 'renew against oidc-provider’s refresh', 'peer refresh', null),
    row('introspect', 'introspection against oidc-provider’s', 'peer introspect', null),
    {
      figure: `A/A check, ${connections} connections${quiet ? '' : ': too noisy, the run is void'}`,
      value: rate('insert again'),
      unit: '/s',
      baseline: rate('insert'),
      ratio: noise,
      goal: null,
      met: null,
    },
  ];
}

async function service(run: BenchRun, args: string[], ready: RegExp, env: Record<string, string>): Promise<string> {
  const started: RunningProcess = await startProcess(process.execPath, { args, env });
  run.onEnd(() => started.stop());
  const [, url = ''] = await started.waitFor(ready, 60_000);
  return url;
}

function median(list: number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
}

function shuffled<T>(list: T[]): T[] {
  return list
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
