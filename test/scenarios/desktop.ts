import { until } from '#libs/testing';
import { LedgerProxy } from './ledger-proxy.js';
import { McpHost, type McpHostOptions } from './mcp-host.js';
import type { Installation, RunningLedger } from './running-ledger.js';

/** The start of a holder's process, and no more: is the token current, is there news, was any missed, and the receipt. */
export const REQUESTS_OF_A_START = [
  'GET /v1/session',
  'GET /v1/updates',
  'POST /v1/holders/receipts',
  'POST /v1/holders/token',
];

/** A desktop host on the ledger, with every request counted by a proxy in between. */
export interface Desktop extends AsyncDisposable {
  proxy: LedgerProxy;
  host: McpHost;
}

export async function desktop(
  ledger: RunningLedger,
  installation: Pick<Installation, 'dataDir'>,
  options: Partial<McpHostOptions> = {},
): Promise<Desktop> {
  const proxy = await LedgerProxy.start(ledger.baseUrl);
  const host = await McpHost.connect({ dataDir: installation.dataDir, baseUrl: proxy.url, ...options });
  return {
    proxy,
    host,
    [Symbol.asyncDispose]: async () => {
      await host[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** Waits until a holder's process has its answers to all that it asks at its start: what a test cuts then cuts nothing under way. */
export async function settled({ proxy, host }: Desktop): Promise<void> {
  await until(
    () => {
      const answered = proxy.seen.filter(({ answeredAt }) => answeredAt !== null);
      const names = answered.map(({ method, path }) => `${method} ${path}`);
      return REQUESTS_OF_A_START.every((name) => names.includes(name));
    },
    { describe: 'the requests of the start to be answered' },
  );
  await looked(host);
}

/** Waits until the process has heard from the ledger that its token is good: only then it knows whose it is. */
export async function looked(host: McpHost): Promise<void> {
  await until(async () => (await host.self())['agentName'], { describe: 'the ledger to say that the token is good' });
}
