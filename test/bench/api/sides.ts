import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { Pool } from 'undici';
import { OwnerClient } from '#libs/client';
import { Database } from '#libs/database';
import { EmbeddedNats, EmbeddedPostgres } from '#libs/embedded';
import { startProcess } from '#libs/testing';
import { SecretBox } from '#libs/tokens';
import type { BenchRun } from '../bench-run.js';
import { SessionMaker } from './aged-sessions.js';
import { BARE_TABLES } from './bare-tables.js';
import { OIDC_TABLE } from './oidc-adapter.js';
import type { Peer } from './peer.js';
import { parentOf } from './processor-time.js';

const ISSUER = 'http://127.0.0.1:3100';
/** Of each server that is measured. */
const POOL = '16';
/** Connections to each server; the peer has a refresh token for each. */
export const MOST_CALLERS = 64;
/** Above the time between two turns of a server. */
const KEPT_ALIVE_MS = 60_000;
/** Three or four servers with their pools, and the bench's own. */
const SETTINGS = { max_connections: '200' };

/** A server under load. */
export interface Server {
  url: string;
  pid: number;
  /** Its connections stay open over the whole run. */
  pool: Pool;
}

/** All that a run measures, on one PostgreSQL. */
export interface Sides {
  api: Server;
  /** The api of another build, to compare with; null without `--other`. */
  other: Server | null;
  bare: Server;
  oidc: Server;
  peer: Peer;
  maker: SessionMaker;
  /** Of a resource server, for introspection. */
  key: string;
  /** PostgreSQL's main process, whose children do the work. */
  postmaster: number;
}

/**
 * Starts everything; it ends with the run.
 *
 * @param other the dist folder of another clone, whose api is measured as well
 */
export async function startSides(run: BenchRun, other: string | undefined): Promise<Sides> {
  const service = async (args: string[], ready: RegExp, env: Record<string, string> = {}) => {
    const started = await startProcess(process.execPath, { args, env });
    run.onEnd(() => started.stop());
    const [, printed = ''] = await started.waitFor(ready, 60_000);
    return { printed, pid: started.pid };
  };
  const dataDir = run.folder;
  const postgres = await EmbeddedPostgres.start({
    dataDir: join(dataDir, 'postgres'),
    database: 'bench',
    settings: SETTINGS,
  });
  run.onEnd(() => postgres.stop());
  const cacheDir = join(homedir(), '.cache', 'session-ledger');
  const nats = await EmbeddedNats.start({ dataDir: join(dataDir, 'nats'), cacheDir });
  run.onEnd(() => nats.stop());

  const serverAt = (url: string, pid: number): Server => {
    const pool = new Pool(url, { connections: MOST_CALLERS, pipelining: 1, keepAliveTimeout: KEPT_ALIVE_MS });
    run.onEnd(() => pool.close());
    return { url, pid, pool };
  };
  const sealKey = randomBytes(32).toString('base64');
  const startApi = async (dist: string): Promise<Server> => {
    const { printed, pid } = await service([join(dist, 'apps', 'api', 'src', 'main.js')], /"url":"(http[^"]+)"/, {
      LEDGER_DATA_DIR: dataDir,
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      LEDGER_PORT: '0',
      LEDGER_ISSUER: ISSUER,
      LEDGER_SEAL_KEY: sealKey,
      LEDGER_DATABASE_POOL: POOL,
      // Counted, as always, and never reached.
      LEDGER_RATE_LIMIT: '1000000',
      LEDGER_ADDRESS_RATE_LIMIT: '1000000',
      LEDGER_LOG_LEVEL: 'info',
    });
    return serverAt(printed, pid);
  };
  const ours = join(import.meta.dirname, '..', '..', '..');
  if (other !== undefined) requireItsOwn(other, ours);
  const api = await startApi(ours);
  const otherApi = other === undefined ? null : await startApi(other);
  const database = await Database.open({ url: postgres.url, applicationName: 'bench', poolSize: 64 });
  run.onEnd(() => database[Symbol.asyncDispose]());
  const postmaster = await prepareBaseline(database);
  const script = (name: string) => join(import.meta.dirname, name);
  const bare = await service([script('bare-routes.js'), postgres.url, POOL], /(http\S+) ready/);
  const oidc = await service([script('oidc-peer.js'), postgres.url, POOL, String(MOST_CALLERS)], /peer (\{.*\}) ready/);
  const peer = JSON.parse(oidc.printed) as Peer;

  const credential = readFileSync(join(dataDir, 'owner-key'), 'utf8').trim();
  const owner = new OwnerClient({ baseUrl: api.url, credential });
  const agent = await owner.createAgent({ name: 'bench' });
  const { key } = await owner.http.call('POST /v1/api-keys', {
    body: { name: 'a resource server', role: 'resource' },
  });
  return {
    api,
    other: otherApi,
    bare: serverAt(bare.printed, bare.pid),
    oidc: serverAt(peer.url, oidc.pid),
    peer,
    maker: new SessionMaker(database, agent, { box: SecretBox.open({ base64: sealKey }), issuer: ISSUER }),
    key: key as string,
    postmaster,
  };
}

/** A build takes its libs from `dist` beside the nearest package.json: from another folder of this clone it would run with ours. */
function requireItsOwn(other: string, ours: string): void {
  const folder = dirname(resolve(other));
  const isItsOwn =
    basename(other) === 'dist' &&
    existsSync(join(folder, 'package.json')) &&
    realpathSync(other) !== realpathSync(ours);
  if (!isItsOwn) throw new Error(`--other must be the dist folder of another clone, with its package.json: ${other}`);
}

/** Makes the baseline's tables. Answers PostgreSQL's main process, the parent of the one that we speak with; 0 where nobody tells. */
async function prepareBaseline(database: Database): Promise<number> {
  const owner = await database.connect();
  try {
    await owner.query('set role none');
    await owner.query(BARE_TABLES);
    await owner.query(OIDC_TABLE);
    const { rows } = await owner.query<{ pid: number }>('select pg_backend_pid() as pid');
    return parentOf(rows[0]?.pid ?? 0) ?? 0;
  } finally {
    owner.release(true);
  }
}
