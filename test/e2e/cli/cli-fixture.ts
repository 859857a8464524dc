import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import pg from 'pg';
import { readEnvironment } from '../../../apps/cli/src/environment.js';
import { runCli } from '../../../apps/cli/src/run-cli.js';
import { startApi } from '../../../apps/api/src/start-api.js';
import { startNotifier } from '../../../apps/notifier/src/start-notifier.js';
import { startProjector } from '../../../apps/projector/src/start-projector.js';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { loadConfig, type Logger, type RunningService, type ServiceContext } from '#libs/platform';
import {
  asksForSecret,
  createTestDatabase,
  recordOutput,
  startTestNats,
  type TestDatabase,
  testLogger,
  type TestNats,
  until,
} from '#libs/testing';

/** What one run of `sledger` came to. */
export interface CliRun {
  exit: number;
  stdout: string;
  stderr: string;
  /** The parsed stdout of a run with `--output json`. */
  json: unknown;
}

class Sink extends Writable {
  text = '';

  constructor(private readonly args: string[]) {
    super();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    if (!asksForSecret(this.args)) recordOutput('sledger', chunk);
    done();
  }
}

/** Runs commands in this process against a data directory and a home of its own. */
export class CliHome {
  readonly home = mkdtempSync(join(tmpdir(), 'sledger-home-'));
  readonly dataDir = join(this.home, 'data');

  constructor() {
    mkdirSync(this.dataDir, { mode: 0o700 });
  }

  async run(...args: string[]): Promise<CliRun> {
    return this.runWith({}, ...args);
  }

  async runWith(
    options: { stdin?: string; env?: Record<string, string>; tty?: boolean },
    ...args: string[]
  ): Promise<CliRun> {
    const [stdout, stderr] = [new Sink(args), new Sink(args)];
    const stdin = new PassThrough();
    stdin.end(options.stdin ?? '');
    const environment = readEnvironment({ HOME: this.home, LEDGER_DATA_DIR: this.dataDir, ...options.env });
    const exit = await runCli(args, {
      environment,
      stdout: Object.assign(stdout, { isTTY: options.tty === true }),
      stderr,
      stdin,
      interrupted: new AbortController().signal,
    });
    return {
      exit,
      stdout: stdout.text,
      stderr: stderr.text,
      json: args.includes('json') ? parse(stdout.text) : undefined,
    };
  }

  /** Starts a command that runs until it is interrupted. */
  start(
    first: string | { tty: { columns: number; rows: number } },
    ...rest: string[]
  ): {
    exit: Promise<number>;
    stdout: () => string;
    stderr: () => string;
    interrupt: () => void;
  } {
    const args = typeof first === 'string' ? [first, ...rest] : rest;
    const tty = typeof first === 'string' ? { isTTY: false } : { isTTY: true, ...first.tty };
    const [stdout, stderr] = [new Sink(args), new Sink(args)];
    const interruption = new AbortController();
    const exit = runCli(args, {
      environment: readEnvironment({ HOME: this.home, LEDGER_DATA_DIR: this.dataDir }),
      stdout: Object.assign(stdout, tty),
      stderr,
      stdin: new PassThrough(),
      interrupted: interruption.signal,
    });
    return { exit, stdout: () => stdout.text, stderr: () => stderr.text, interrupt: () => interruption.abort() };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Start = (context: ServiceContext) => Promise<RunningService>;
const STARTS: readonly Start[] = [startSequencer, startProjector, startNotifier, startApi];

/** All services in this process on servers of their own, and a home whose data directory is the server's. */
export class CliFixture implements AsyncDisposable {
  private constructor(
    readonly database: TestDatabase,
    readonly nats: TestNats,
    readonly services: RunningService[],
    readonly home: CliHome,
    readonly logger: Logger,
    readonly environment: Record<string, string>,
  ) {}

  static async open(overrides: Record<string, string> = {}): Promise<CliFixture> {
    const [database, nats] = await Promise.all([createTestDatabase(), startTestNats()]);
    const home = new CliHome();
    const environment = {
      LEDGER_DATA_DIR: home.dataDir,
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      LEDGER_PORT: '0',
      LEDGER_MIN_TTL: '1',
      LEDGER_MIN_LIFETIME: '1',
      LEDGER_SWEEP_INTERVAL: '0.2',
      LEDGER_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
      ...overrides,
    };
    const config = loadConfig(environment);
    const logger = testLogger('test');
    const services: RunningService[] = [];
    for (const start of STARTS) services.push(await start({ config, logger }));
    const fixture = new CliFixture(database, nats, services, home, logger, environment);
    fixture.announce();
    return fixture;
  }

  get url(): string {
    return this.services.at(-1)?.url ?? '';
  }

  /** What a running server leaves in its data directory. */
  announce(pid = process.pid): void {
    const file = { baseUrl: this.url, natsUrl: null, pid };
    writeFileSync(join(this.home.dataDir, 'server.json'), JSON.stringify(file));
  }

  run(...args: string[]): Promise<CliRun> {
    return this.home.run(...args);
  }

  /** Runs with `--output json` and gives what it printed; fails when the command failed. */
  async json<T>(...args: string[]): Promise<T> {
    const run = await this.home.run(...args, '--output', 'json');
    if (run.exit !== 0) throw new Error(`sledger ${args.join(' ')}: exit ${run.exit}, ${run.stderr}`);
    return run.json as T;
  }

  /** Waits until every event has its place in the log, which transactions of other tests may hold up. */
  async untilLogIsComplete(): Promise<void> {
    const client = new pg.Client({ connectionString: this.database.url });
    await client.connect();
    try {
      const text =
        'select count(*)::int as waiting from ledger.event left join ledger.entry n using (stream_id, version)';
      const waiting = async () =>
        (await client.query<{ waiting: number }>(`${text} where n.position is null`)).rows[0]?.waiting;
      await until(async () => (await waiting()) === 0, { describe: 'a complete log' });
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of [...this.services].reverse()) await service.close();
    await this.nats[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
  }
}
