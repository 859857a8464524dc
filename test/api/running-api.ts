import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OwnerClient } from '#libs/client';
import { createLogger, loadConfig, type Environment, type RunningService } from '#libs/platform';
import { createTestDatabase, startTestNats, type TestDatabase } from '#libs/testing';
import { startApi } from '../../apps/api/src/start-api.js';
import { startProjector } from '../../apps/projector/src/start-projector.js';
import { startSequencer } from '../../apps/sequencer/src/start-sequencer.js';

export interface Reply<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** The api with its sequencer and projector, in this process, on a database and a bus of its own. */
export class RunningApi implements AsyncDisposable {
  private constructor(
    private readonly parts: (() => PromiseLike<unknown>)[],
    readonly api: RunningService,
    readonly database: TestDatabase,
    readonly ownerPassword: string,
    readonly dataDir: string,
  ) {}

  static async start(environment: Environment = {}): Promise<RunningApi> {
    const database = await createTestDatabase();
    const nats = await startTestNats();
    const parts: (() => PromiseLike<unknown>)[] = [
      () => database[Symbol.asyncDispose](),
      () => nats[Symbol.asyncDispose](),
    ];
    const dataDir = mkdtempSync(join(tmpdir(), 'api-'));
    const config = loadConfig({
      LEDGER_DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      LEDGER_PORT: '0',
      LEDGER_MIN_TTL: '1',
      LEDGER_PREVIOUS_TOKEN_GRACE: '0',
      ...environment,
    });
    const logger = createLogger({ service: 'test', level: 'silent' });
    for (const start of [startSequencer, startProjector]) {
      const service = await start({ config, logger });
      parts.push(() => service.close());
    }
    const api = await startApi({ config, logger });
    parts.push(() => api.close());
    return new RunningApi(parts, api, database, readFileSync(config.ownerKeyFile, 'utf8').trim(), dataDir);
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

  /** A request with JSON in and out. */
  async call<T>(method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Reply<T>> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.parts.reverse()) await part();
  }
}

export function bearer(token: string | null): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
