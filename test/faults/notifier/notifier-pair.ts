import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdsSecrets, startProcess, testEnvironment, until, type RunningProcess } from '#libs/testing';
import { TEST_SEAL_KEY } from './test-seal-key.js';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'dist', 'apps', 'notifier', 'src', 'main.js');

export type Which = 0 | 1;

/** Two notifiers as they run in a deployment: the built main, each a process of its own, on one database and one bus. */
export class NotifierPair implements AsyncDisposable {
  private readonly processes: RunningProcess[] = [];

  private constructor(private readonly env: Record<string, string>) {}

  static async start(servers: { databaseUrl: string; natsUrl: string }): Promise<NotifierPair> {
    const dataDir = mkdtempSync(join(testEnvironment().runDir, 'pair-'));
    const configFile = join(dataDir, 'servers.env');
    writeFileSync(
      configFile,
      `DATABASE_URL=${servers.databaseUrl}\nNATS_URL=${servers.natsUrl}\nLEDGER_SEAL_KEY=${TEST_SEAL_KEY}\n`,
      { mode: 0o600 },
    );
    holdsSecrets(configFile, 'settings of a service');
    const pair = new NotifierPair({
      LEDGER_DATA_DIR: dataDir,
      LEDGER_CONFIG_FILE: configFile,
      LEDGER_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    });
    await Promise.all([pair.launch(0), pair.launch(1)]);
    return pair;
  }

  /** kill -9. */
  async kill(which: Which): Promise<void> {
    await this.processes[which]!.kill();
  }

  /** Resolves when it says that it is ready. */
  async launch(which: Which): Promise<void> {
    const notifier = await startProcess(process.execPath, { args: [MAIN], env: this.env });
    this.processes[which] = notifier;
    await notifier.waitFor(/notifier is ready/);
  }

  /** How many messages this process itself has delivered since it was started. */
  async deliveredBy(which: Which): Promise<number> {
    const [, url] = /"url":"(http:[^"]+)".*notifier is ready/.exec(this.processes[which]!.stdout) ?? [];
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const counts = metrics.matchAll(/^ledger_delivery_attempts_total\{[^}]*outcome="delivered"[^}]*\} (\d+)/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Resolves when each has delivered something since `before` was counted. */
  async bothDeliver(before: readonly [number, number]): Promise<void> {
    await until(async () => (await this.deliveredBy(0)) > before[0] && (await this.deliveredBy(1)) > before[1], {
      describe: 'both notifiers to deliver',
    });
  }

  /** What they have logged, for a failure's text. */
  get output(): string {
    return this.processes.map(({ output }, which) => `== notifier ${which}\n${output}`).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.processes.map((notifier) => notifier[Symbol.asyncDispose]()));
  }
}
