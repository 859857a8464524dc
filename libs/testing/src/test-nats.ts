import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedNats, freePort, type NatsUser } from '#libs/embedded';
import { testEnvironment } from './environment.js';

/** A nats-server of a test's own, with JetStream on a folder that goes with the run. */
export class TestNats implements AsyncDisposable {
  private constructor(
    private server: EmbeddedNats,
    readonly storeDir: string,
  ) {}

  static async start(options: { users?: NatsUser[] } = {}): Promise<TestNats> {
    const { runDir } = testEnvironment();
    const storeDir = mkdtempSync(join(runDir, 'nats-'));
    // A port that nobody is given by chance while the server is stopped.
    return new TestNats(await launch(storeDir, { ...options, port: await freePort() }), storeDir);
  }

  /** With the credentials of a user that may do everything. */
  get url(): string {
    return this.server.url;
  }

  get pid(): number {
    return this.server.pid;
  }

  /** Replaces the users besides the services' own, as a running server takes them. */
  setUsers(users: NatsUser[]): void {
    this.server.setUsers(users);
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** As a crash would. */
  kill(): Promise<void> {
    return this.server.kill();
  }

  /** Starts it again after `stop` or `kill`: same storage, same port, same credentials. */
  async restart(): Promise<void> {
    await this.server.stop();
    this.server = await launch(this.storeDir, { port: this.server.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}

/** A nats-server of the test's own on a free port. */
export function startTestNats(options: { users?: NatsUser[] } = {}): Promise<TestNats> {
  return TestNats.start(options);
}

function launch(dataDir: string, options: { port?: number; users?: NatsUser[] }): Promise<EmbeddedNats> {
  return EmbeddedNats.start({ dataDir, cacheDir: testEnvironment().cacheDir, ...options });
}
