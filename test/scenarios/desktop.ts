import { LedgerProxy } from './ledger-proxy.js';
import { McpHost, type McpHostOptions } from './mcp-host.js';
import type { Installation, RunningLedger } from './running-ledger.js';

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
