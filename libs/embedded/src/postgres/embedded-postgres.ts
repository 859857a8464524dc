import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Child } from '../child.js';
import { freePort } from '../free-port.js';
import { secretFile } from '../secret-file.js';
import { becomesReady } from './becomes-ready.js';
import { type ClusterLocation, locateCluster } from './cluster-location.js';
import { initialiseCluster, SUPERUSER } from './initialise-cluster.js';
import { clearLeftover, statusOf, STOP_STEPS } from './postmaster-file.js';

const SILENCE_MS = 60_000;
const SLOW_START_MS = 5_000;
const START_ATTEMPTS = 5;

export interface EmbeddedPostgresOptions {
  /** Made when it is missing. Holds password, log and, where its user can pass, the cluster. */
  dataDir: string;
  /** Database that `url` names; created when it is missing. */
  database: string;
  /** A fixed loopback port; left out: any free one. */
  port?: number;
  /** Server settings over the defaults. */
  settings?: Record<string, string>;
  /** Told what a reader of the start-up messages should know. */
  onMessage?: (message: string) => void;
}

/** PostgreSQL from the npm package as a child process, on a free loopback port with a generated password. */
export class EmbeddedPostgres implements AsyncDisposable {
  private constructor(
    private readonly child: Child,
    private readonly password: string,
    readonly port: number,
    /** PostgreSQL's own data directory. */
    readonly cluster: string,
    readonly database: string,
  ) {}

  /** Starts it, after stopping what a killed start left behind. Throws with PostgreSQL's own words when it cannot. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    // Passable for the user that PostgreSQL gets where we are root; all that lies in it is private.
    mkdirSync(options.dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    const location = locateCluster(options.dataDir);
    if (!location.cluster.startsWith(options.dataDir)) {
      options.onMessage?.(`PostgreSQL keeps its data in ${location.cluster}: its user cannot pass ${options.dataDir}`);
    }
    const password = secretFile(join(options.dataDir, 'password'));
    if (await clearLeftover(location.cluster)) options.onMessage?.('Stopped the PostgreSQL of an earlier start');
    await initialiseCluster(location, password);
    const { child, port } = await startServer(location, options);
    const server = new EmbeddedPostgres(child, password, port, location.cluster, options.database);
    await server.ensureDatabase();
    return server;
  }

  /** URL with the password: for connecting, never for printing. */
  get url(): string {
    return this.urlOf(this.database);
  }

  urlOf(database: string): string {
    return `postgres://${SUPERUSER}:${this.password}@127.0.0.1:${this.port}/${database}`;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Resolves with the reason when the server ends, asked or not. */
  get exited(): Promise<string> {
    return this.child.exited;
  }

  async stop(): Promise<void> {
    await this.child.stop(STOP_STEPS);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private async ensureDatabase(): Promise<void> {
    const client = new pg.Client({ connectionString: this.urlOf('postgres') });
    await client.connect();
    try {
      const { rowCount } = await client.query('select from pg_database where datname = $1', [this.database]);
      if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(this.database)}`);
    } finally {
      await client.end();
    }
  }
}

async function startServer(
  location: ClusterLocation,
  options: EmbeddedPostgresOptions,
): Promise<{ child: Child; port: number }> {
  const onSlow = () => options.onMessage?.('PostgreSQL is still starting: after a crash it replays its log first');
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const child = await Child.spawn({
      command: location.binaries.postgres,
      args: ['-D', location.cluster, '-p', String(port), ...settingArgs(options.settings)],
      logFile: join(options.dataDir, 'postgres.log'),
      user: location.user,
    });
    const status = () => (child.hasExited ? 'ended' : statusOf(location.cluster, child.pid));
    if (await becomesReady(status, { silenceMs: SILENCE_MS, slowMs: SLOW_START_MS, onSlow })) return { child, port };
    await child.stop(STOP_STEPS);
    // Another program may have taken the port, or the workers of a killed server may still be leaving.
    if (attempt === START_ATTEMPTS) throw new Error(`PostgreSQL did not start:\n${child.logTail()}`);
    await sleep(200 * attempt);
  }
}

function settingArgs(settings: Record<string, string> = {}): string[] {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
