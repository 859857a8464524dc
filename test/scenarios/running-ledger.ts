import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateHolderKeys, OwnerClient, publicKeysOf, saveHolder } from '#libs/client';
import { freePort } from '#libs/embedded';
import { decodeJwt } from 'jose';
import pg from 'pg';
import {
  bareToken,
  sessionStream,
  type AgentView,
  type CloudEvent,
  type CreateSessionBody,
  type SessionWithToken,
} from '#libs/contracts';
import {
  createTestDatabase,
  startProcess,
  testEnvironment,
  until,
  type RunningProcess,
  type TestDatabase,
} from '#libs/testing';
import { getMcpTokenPath, writeMcpToken } from '#libs/token-file';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'apps', 'standalone', 'src', 'main.js');

/** The whole start, on a machine with ten times its work. */
const START_MS = 150_000;

/** What a start takes at most where the machine has little else to do, and by how many times as much the lives of tokens follow. */
const USUAL_START_MS = 5_000;
const SLOWEST_PACE = 8;

/** Lets sessions be as short as a test wants them. */
const SHORT_LIVES = {
  LEDGER_MIN_TTL: '1',
  LEDGER_MIN_LIFETIME: '1',
  LEDGER_SWEEP_INTERVAL: '0.2',
  LEDGER_LOG_LEVEL: 'warn',
};

/** A session in a data directory of its own, as `mcp setup` leaves it. */
export interface Installation {
  dataDir: string;
  session: SessionWithToken;
  tokenFile: string;
  holderId: string | null;
}

/** A whole ledger as a user starts it: one real process with PostgreSQL, NATS and every service. */
export class RunningLedger implements AsyncDisposable {
  owner!: OwnerClient;
  baseUrl = '';
  private process!: RunningProcess;
  /** How many times as long as usual a start takes here. */
  private pace = 1;

  private constructor(
    readonly dataDir: string,
    private readonly database: TestDatabase,
    private readonly env: Record<string, string>,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<RunningLedger> {
    const dataDir = mkdtempSync(join(testEnvironment().runDir, 'ledger-'));
    const ledger = new RunningLedger(dataDir, await createTestDatabase(), env);
    // A port that nobody is given by chance while the ledger is down.
    await ledger.launch(String(await freePort()));
    return ledger;
  }

  /** Seconds that a token is to live in which things are done that take a part of so many seconds on a machine with little else to do. */
  life(seconds: number): number {
    return Math.ceil(seconds * this.pace);
  }

  /** Milliseconds for something that comes within such a life. */
  within(seconds: number): number {
    return this.life(seconds) * 1000 + 90_000;
  }

  /** A data directory as a desktop has it: token file, and holder keys unless told otherwise. */
  async install(
    body: Partial<CreateSessionBody> = {},
    options: { holder?: boolean; name?: string; dataDir?: string } = {},
  ): Promise<Installation> {
    const agentId = body.agentId ?? (await this.agent()).id;
    const session = await this.owner.createSession({ agentId, ...body });
    const dataDir = options.dataDir ?? newDataDir();
    const holderId = options.holder === false ? null : await this.hold(dataDir, session, options.name);
    const tokenFile = getMcpTokenPath(dataDir, options.name);
    await writeMcpToken(tokenFile, session.token ?? '');
    return { dataDir, session, tokenFile, holderId };
  }

  /** Registers a holder of the session and keeps its keys in that data directory. */
  async hold(dataDir: string, session: SessionWithToken, name = 'default'): Promise<string> {
    const { iss: issuer = '' } = decodeJwt(bareToken(session.token ?? ''));
    const keys = await generateHolderKeys();
    const holder = await this.owner.registerHolder({ sessionId: session.id, name, ...publicKeysOf(keys) });
    await saveHolder(dataDir, { holderId: holder.id, issuer, baseUrl: this.baseUrl, ...keys }, name);
    return holder.id;
  }

  async agent(name = `agent ${Math.random().toString(36).slice(2)}`): Promise<AgentView> {
    return await this.owner.createAgent({ name });
  }

  /** All that the session has now: the history shows an event once it has its place, which transactions of other tests may hold up. */
  async events(sessionId: string): Promise<CloudEvent[]> {
    const count = await this.recorded(sessionId);
    return await until(
      async () => {
        const events: CloudEvent[] = [];
        for await (const event of this.owner.sessionEvents(sessionId)) events.push(event);
        return events.length >= count && events.sort((left, right) => left.streamversion - right.streamversion);
      },
      { describe: `${count} events in the history of ${sessionId}` },
    );
  }

  private async recorded(sessionId: string): Promise<number> {
    const client = new pg.Client({ connectionString: this.database.url });
    await client.connect();
    try {
      const text = 'select count(*)::int as count from ledger.event where stream_id = $1';
      return (await client.query<{ count: number }>(text, [sessionStream(sessionId)])).rows[0]?.count ?? 0;
    } finally {
      await client.end();
    }
  }

  async renewals(sessionId: string): Promise<number> {
    return (await this.events(sessionId)).filter(({ type }) => type === 'ledger.session.renewed.v1').length;
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  /** Starts it again on the same port, data directory and database. */
  async restart(): Promise<void> {
    await this.launch(new URL(this.baseUrl).port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
    await this.database[Symbol.asyncDispose]();
  }

  private async launch(port: string): Promise<void> {
    const began = performance.now();
    this.process = await startProcess(process.execPath, {
      args: [MAIN],
      env: {
        LEDGER_DATA_DIR: this.dataDir,
        DATABASE_URL: this.database.url,
        LEDGER_PORT: port,
        ...SHORT_LIVES,
        ...this.env,
      },
    });
    const pid = this.process.pid;
    const server = await until(() => this.serverFile(pid), {
      timeoutMs: START_MS,
      describe: `the ledger to start; it printed:\n${this.process.output.slice(-4000)}\n`,
    });
    this.baseUrl = server.baseUrl;
    const credential = readFileSync(join(this.dataDir, 'owner-key'), 'utf8').trim();
    this.owner = new OwnerClient({ baseUrl: this.baseUrl, credential });
    await until(async () => (await fetch(`${this.baseUrl}/health/ready`)).ok, {
      timeoutMs: START_MS,
      describe: 'readiness',
    });
    this.pace = Math.min(SLOWEST_PACE, Math.max(this.pace, (performance.now() - began) / USUAL_START_MS));
  }

  private serverFile(pid: number): { baseUrl: string } | null {
    if (this.process.exit !== undefined) throw new Error(`it ended: ${this.process.output.slice(-4000)}`);
    const server = JSON.parse(readFileSync(join(this.dataDir, 'server.json'), 'utf8')) as {
      baseUrl: string;
      pid: number;
    };
    return server.pid === pid ? server : null;
  }
}

/** An empty data directory that goes with the test run. */
export function newDataDir(): string {
  return mkdtempSync(join(testEnvironment().runDir, 'data-'));
}
