import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '#libs/embedded';
import {
  createTestDatabase,
  holdsSecrets,
  type RunningProcess,
  startProcess,
  startTestNats,
  type TestDatabase,
  testEnvironment,
  type TestNats,
} from '#libs/testing';
import { APPS } from './compose-file.js';

export type App = (typeof APPS)[number];

/** Every service as a process of its own, against servers given by URL, as `npm run start:<app>` does it. */
export class ServicesApart implements AsyncDisposable {
  private readonly running = new Map<App, RunningProcess>();
  /** Of any service up to now. */
  slowestStartMs = 0;

  private constructor(
    readonly database: TestDatabase,
    readonly nats: TestNats,
    readonly dataDir: string,
    readonly baseUrl: string,
    private readonly env: Record<string, string>,
  ) {}

  static async start(env: Record<string, string>): Promise<ServicesApart> {
    const [database, nats, port] = await Promise.all([createTestDatabase(), startTestNats(), freePort()]);
    const dataDir = mkdtempSync(join(testEnvironment().runDir, 'apart-'));
    const configFile = join(dataDir, 'servers.env');
    writeFileSync(configFile, `DATABASE_URL=${database.url}\nNATS_URL=${nats.url}\n`, { mode: 0o600 });
    holdsSecrets(configFile, 'settings of a service');
    const apart = new ServicesApart(database, nats, dataDir, `http://127.0.0.1:${port}`, {
      ...env,
      LEDGER_DATA_DIR: dataDir,
      LEDGER_PORT: String(port),
      LEDGER_CONFIG_FILE: configFile,
    });
    for (const app of APPS) await apart.launch(app);
    return apart;
  }

  /** Resolves when the service says that it is ready. */
  async launch(app: App): Promise<void> {
    const main = join(process.cwd(), 'dist', 'apps', app, 'src', 'main.js');
    const began = performance.now();
    const service = await startProcess(process.execPath, { args: [main], env: this.env });
    this.running.set(app, service);
    await service.waitFor(new RegExp(`${app} is ready`));
    this.slowestStartMs = Math.max(this.slowestStartMs, performance.now() - began);
  }

  /** kill -9, then a new process. */
  async killAndRestart(app: App): Promise<void> {
    await this.running.get(app)?.kill();
    await this.launch(app);
  }

  /** Runs the work; when it fails, its error tells what the present processes have logged. */
  async observe<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const logs = [...this.running].map(([app, { output }]) => `== ${app}\n${output}`).join('\n');
      throw new Error(`${(error as Error).message}\n${logs}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.running.values()].map((service) => service.stop()));
    await this.nats[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
  }
}
