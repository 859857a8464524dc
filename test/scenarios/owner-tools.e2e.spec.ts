import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { bareToken } from '#libs/contracts';
import { readMcpToken } from '#libs/token-file';
import { desktop } from './desktop.js';
import { McpHost } from './mcp-host.js';
import { RunningLedger } from './running-ledger.js';
import { sledgerJson } from './sledger.js';

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start();
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

const sledger = <T>(...args: string[]): Promise<T> => sledgerJson<T>({ dataDir: ledger.dataDir }, ...args);

interface Setup {
  sessionId: string;
  agentId: string;
  tokenFile: string;
  holderId: string;
  snippet: { mcpServers: Record<string, { command: string; args: string[]; env: Record<string, string> }> };
}

describe('the owner’s tools and a running process', () => {
  let setup: Setup;

  it('T-09 F-2 mcp setup: session, file and snippet, and the host that the snippet starts works', async () => {
    await ledger.agent('trader');
    setup = await sledger<Setup>('mcp', 'setup', '--agent', 'trader', '--expires-in', '600');
    const token = readMcpToken(setup.tokenFile);
    expect(decodeJwt(bareToken(token ?? ''))).toMatchObject({ sid: setup.sessionId, sub: setup.agentId, gen: 0 });
    const entry = setup.snippet.mcpServers['session-ledger'];
    expect(JSON.stringify(setup)).not.toContain('sl_sess_');
    await using host = await McpHost.launch(entry?.command ?? '', entry?.args ?? [], entry?.env ?? {});
    await host.initialize();
    expect((await host.call('session_status')).content).toMatchObject({
      status: 'ok',
      session: { sessionId: setup.sessionId, state: 'active' },
    });
  });

  it('T-10 F-3 mcp refresh-token: create, file, revoke, in that order; the process goes on without a restart', async () => {
    await using it = await desktop(ledger, { dataDir: ledger.dataDir });
    await it.host.untilSelf({ state: 'active', sessionId: setup.sessionId });
    const refreshed = await sledger<{ oldSessionId: string; newSessionId: string; tokenFile: string }>(
      'mcp',
      'refresh-token',
    );
    expect(refreshed).toMatchObject({ oldSessionId: setup.sessionId, tokenFile: setup.tokenFile });
    expect(decodeJwt(bareToken(readMcpToken(setup.tokenFile) ?? ''))).toMatchObject({ sid: refreshed.newSessionId });
    await it.host.untilSelf({ state: 'active', sessionId: refreshed.newSessionId });
    expect((await it.host.call('session_status')).content['status']).toBe('ok');
    const [before, after] = [await ledger.events(setup.sessionId), await ledger.events(refreshed.newSessionId)];
    const created = after.find(({ type }) => type.includes('created'));
    const revoked = before.find(({ type }) => type.includes('revoked'));
    expect(revoked?.data).toMatchObject({ trigger: 'superseded' });
    expect(created?.position).toBeLessThan(revoked?.position ?? 0);
    expect(it.host.process.exit).toBeUndefined();
  });

  it('keeps the token out of every line that the tools print', () => {
    const token = bareToken(readMcpToken(setup.tokenFile) ?? '');
    expect(readFileSync(join(ledger.dataDir, 'server.json'), 'utf8')).not.toContain(token.slice(-40));
  });
});
