import { until } from '#libs/testing';
import { LedgerProxy } from '../../scenarios/ledger-proxy.js';
import { McpHost } from '../../scenarios/mcp-host.js';
import { sledgerJson } from '../../scenarios/sledger.js';
import { SteadyCalls } from '../../scenarios/steady-calls.js';
import type { BenchLedger } from './bench-ledger.js';

/** Milliseconds of each round, and what the calls meanwhile came to. */
export interface RefreshTimes {
  /** From the answer to the command's creation of the session to the first request with its token that was accepted. */
  fromCreation: number[];
  /** The same from the answer to the revocation of the old one; 0 where the process had taken the new one before. */
  fromRevocation: number[];
  calls: number;
  lost: string[];
}

const CALLS_PER_SECOND = 50;

/** `sledger mcp refresh-token`, the real command, against a running MCP process under steady calls. */
export async function refreshTimes(ledger: BenchLedger, rounds: number): Promise<RefreshTimes> {
  const { dataDir } = await ledger.install(3600);
  await using proxy = await LedgerProxy.start(ledger.baseUrl);
  await using commandProxy = await LedgerProxy.start(ledger.baseUrl);
  await using host = await McpHost.connect({ dataDir, baseUrl: proxy.url });
  await host.untilSelf({ state: 'active' });
  await using calls = new SteadyCalls(host, CALLS_PER_SECOND);
  const [fromCreation, fromRevocation]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    proxy.forget();
    commandProxy.forget();
    const options = { dataDir, baseUrl: commandProxy.url, ownerKeyFile: ledger.ownerKeyFile };
    const { newSessionId } = await sledgerJson<{ newSessionId: string }>(options, 'mcp', 'refresh-token');
    const { at } = await until(
      () => proxy.seen.find(({ session, status }) => session === newSessionId && status === 200),
      { describe: `a token of session ${newSessionId} in use` },
    );
    fromCreation.push(at - answered(commandProxy, 'POST', '/v1/sessions'));
    fromRevocation.push(Math.max(0, at - answered(commandProxy, 'DELETE', /^\/v1\/sessions\//)));
  }
  const answers = await calls.stop();
  return {
    fromCreation,
    fromRevocation,
    calls: answers.length,
    lost: answers.filter((answer) => answer !== 'ok false'),
  };
}

function answered(proxy: LedgerProxy, method: string, path: string | RegExp): number {
  return proxy.requests(method, path)[0]?.answeredAt ?? NaN;
}
