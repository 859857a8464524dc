import { CuttingProxy, type Cut, until } from '#libs/testing';
import type { RunningApi } from '../running-api.js';
import { inDatabase } from './dead-credentials.js';

/** Instances on the api's own database that cannot do their work. */
export class SickInstances implements AsyncDisposable {
  private readonly proxies: CuttingProxy[] = [];
  /** Takes one request from an address, and that is used up. */
  busy = '';
  /** No connection to its database comes about. */
  cutOff = '';
  /** Its database never answers, and it waits for a fifth of a second. */
  slow = '';

  static async start(api: RunningApi, unlimited: Record<string, string>): Promise<SickInstances> {
    const sick = new SickInstances();
    [sick.busy, sick.cutOff, sick.slow] = await Promise.all([
      api.startAnother({ ...unlimited, LEDGER_ADDRESS_RATE_LIMIT: '0.001' }),
      sick.behindProxy(api, 'connection', unlimited),
      sick.behindProxy(api, 'answer-silently', { ...unlimited, LEDGER_REQUEST_DEADLINE: '0.2' }),
    ]);
    await until(async () => (await fetch(`${sick.busy}/health/live`)).status === 429, {
      describe: 'the limit to count',
    });
    return sick;
  }

  /** One that has started well, and whose way to the database then fails so. */
  private async behindProxy(api: RunningApi, cut: Cut, environment: Record<string, string>): Promise<string> {
    const database = new URL(api.database.url);
    const proxy = await CuttingProxy.start(Number(database.port));
    this.proxies.push(proxy);
    database.port = String(proxy.port);
    const url = await api.startAnother({ ...environment, DATABASE_URL: database.href });
    if (cut === 'connection') proxy.cutAll(cut);
    else proxy.cut = cut;
    return url;
  }

  /** What was begun through the proxies and hangs is given up: it may hold locks. */
  giveUp(): void {
    for (const proxy of this.proxies) proxy.cutAll('connection');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.proxies) await proxy[Symbol.asyncDispose]();
  }
}

const SCHEMAS = ['ledger', 'read_model', 'deliveries'];

/** Does something while the database has lost its tables. */
export async function withoutTables<T>(api: RunningApi, work: () => Promise<T>): Promise<T> {
  await inDatabase(api, SCHEMAS.map((schema) => `alter schema ${schema} rename to ${schema}_gone`).join(';'));
  try {
    return await work();
  } finally {
    await inDatabase(api, SCHEMAS.map((schema) => `alter schema ${schema}_gone rename to ${schema}`).join(';'));
  }
}
