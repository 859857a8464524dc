import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OwnerClient } from '#libs/client';
import {
  sessionStream,
  type AgentDefaults,
  type AgentView,
  type CreateSessionBody,
  type SessionWithToken,
} from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, type StoredEvent } from '#libs/ledger';
import { loadConfig, type Environment, type Logger } from '#libs/platform';
import { createTestDatabase, startTestNats, type TestDatabase, testLogger, until } from '#libs/testing';
import { startApi, type RunningApiService } from '../../apps/api/src/start-api.js';
import { startProjector } from '../../apps/projector/src/start-projector.js';
import { startSequencer } from '../../apps/sequencer/src/start-sequencer.js';

export interface Reply<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** The api with its sequencer and projector, in this process, on a database and a bus of its own. */
export class RunningApi implements AsyncDisposable {
  private store: Database | undefined;

  private constructor(
    private readonly parts: (() => PromiseLike<unknown>)[],
    readonly api: RunningApiService,
    readonly database: TestDatabase,
    readonly ownerPassword: string,
    readonly dataDir: string,
    private readonly environment: Environment,
  ) {}

  static async start(environment: Environment = {}): Promise<RunningApi> {
    const database = await createTestDatabase();
    const nats = await startTestNats();
    const parts: (() => PromiseLike<unknown>)[] = [
      () => database[Symbol.asyncDispose](),
      () => nats[Symbol.asyncDispose](),
    ];
    const dataDir = mkdtempSync(join(tmpdir(), 'api-'));
    const settings: Environment = {
      LEDGER_DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      LEDGER_PORT: '0',
      LEDGER_MIN_TTL: '1',
      LEDGER_PREVIOUS_TOKEN_GRACE: '0',
      ...environment,
    };
    const config = loadConfig(settings);
    const logger = testLogger('test');
    for (const start of [startSequencer, startProjector]) {
      const service = await start({ config, logger });
      parts.push(() => service.close());
    }
    const api = await startApi({ config, logger });
    parts.push(() => api.close());
    const ownerPassword = readFileSync(config.ownerKeyFile, 'utf8').trim();
    return new RunningApi(parts, api, database, ownerPassword, dataDir, settings);
  }

  /** A second instance on the same database, bus and data directory; it ends with the first. Answers its URL. */
  async startAnother(environment: Environment = {}, logger: Logger = testLogger('test')): Promise<string> {
    const config = loadConfig({ ...this.environment, ...environment });
    const api = await startApi({ config, logger });
    this.parts.push(() => api.close());
    return api.url;
  }

  /** Of every token and assertion. */
  get issuer(): string {
    return loadConfig(this.environment).issuer;
  }

  /** An agent of a name of its own, with a session. */
  async session(body: Partial<CreateSessionBody> = {}, defaults: AgentDefaults = {}): Promise<SessionWithToken> {
    const agentId = body.agentId ?? (await this.agent(defaults)).id;
    return this.owner.createSession({ agentId, ...body });
  }

  agent(defaultConstraints: AgentDefaults = {}): Promise<AgentView> {
    return this.owner.createAgent({ name: `agent ${randomUUID()}`, defaultConstraints });
  }

  get url(): string {
    return this.api.url;
  }

  get owner(): OwnerClient {
    return new OwnerClient({ baseUrl: this.url, credential: this.ownerPassword });
  }

  get ownerHeaders(): Record<string, string> {
    return { 'x-master-password': this.ownerPassword };
  }

  /** The session's events as the store has them, whether sequenced yet or not. */
  async events(sessionId: string): Promise<StoredEvent[]> {
    this.store ??= await Database.open({ url: this.database.url, applicationName: 'test', poolSize: 2 });
    return createLedger(this.store).readStream(sessionStream(sessionId));
  }

  /** Resolves once every event that is recorded now has its place in the log and stands in the read models. */
  async caughtUp(): Promise<void> {
    await until(
      async () => {
        const { log, readers } = await this.owner.status();
        const models = readers.filter(({ name }) => name.startsWith('read model'));
        return log.waiting === 0 && models.length > 0 && models.every(({ position }) => position === log.position);
      },
      { describe: 'the log and its read models to have all events' },
    );
  }

  /** A request with JSON in and out. */
  call<T>(method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Reply<T>> {
    return this.callAt<T>(this.url, method, path, headers, body);
  }

  /** The same at another instance. */
  async callAt<T>(
    url: string,
    ...[method, path, headers = {}, body]: [string, string, Record<string, string>?, unknown?]
  ): Promise<Reply<T>> {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store?.[Symbol.asyncDispose]();
    for (const part of this.parts.reverse()) await part();
  }
}

export function bearer(token: string | null): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
