import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as TransportV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { breachesIn } from '../../../test/scenarios/purity.js';
import { RunningLedger, type Installation } from '../../../test/scenarios/running-ledger.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const MAIN = join(ROOT, 'dist', 'apps', 'mcp', 'src', 'main.js');
const RECORD = join(ROOT, 'test', 'scenarios', 'record-output.mjs');
const records: string[] = [];

const SELF = { uri: 'session://self' };
const TOOLS = ['explain_denied_call', 'list_sessions', 'renew_session', 'session_history', 'session_status'];

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start();
});
afterEach(() => {
  const printed = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');
  for (const folder of records.splice(0)) {
    expect(printed(folder, 'stdout')).not.toBe('');
    expect(breachesIn(printed(folder, 'stdout'), printed(folder, 'stderr'), false)).toEqual([]);
  }
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

function command({ dataDir }: Installation) {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-output-'));
  records.push(folder);
  const env = { PATH: process.env['PATH'] ?? '', LEDGER_DATA_DIR: dataDir, LEDGER_BASE_URL: ledger.baseUrl };
  return { command: process.execPath, args: [RECORD, folder, MAIN], env, stderr: 'ignore' as const };
}

/** A client of either line, as far as the tests use it: both lines have the same calls here. */
interface AnyClient {
  listTools: ClientV2['listTools'];
  callTool: (params: { name: string; arguments?: Record<string, unknown> }) => Promise<unknown>;
  readResource: (params: { uri: string }) => Promise<unknown>;
  getPrompt: (params: { name: string }) => Promise<unknown>;
}

/** Every tool, the resource and the prompt. A client checks structured content against the tool's output schema itself. */
async function walk(client: AnyClient, { session }: Installation): Promise<void> {
  // All that is recorded stands in the history that the tools read.
  await ledger.events(session.id);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name).sort()).toEqual(TOOLS);
  for (const tool of tools) {
    expect(tool.inputSchema.type).toBe('object');
    expect(tool.outputSchema?.type).toBe('object');
    expect(tool.annotations).toMatchObject({ openWorldHint: false, readOnlyHint: tool.name !== 'renew_session' });
  }
  const call = async (name: string, args: Record<string, unknown> = {}): Promise<unknown> =>
    ((await client.callTool({ name, arguments: args })) as { structuredContent?: unknown }).structuredContent;
  expect(await call('session_status')).toMatchObject({ status: 'ok', session: { sessionId: session.id } });
  expect(await call('session_history', { limit: 5 })).toMatchObject({
    status: 'ok',
    events: expect.arrayContaining([expect.objectContaining({ type: 'ledger.session.created.v1' })]),
  });
  expect(await call('list_sessions')).toMatchObject({ status: 'ok', sessions: [{ id: session.id }] });
  expect(await call('renew_session')).toMatchObject({ status: 'ok', renewed: false });
  expect(await call('explain_denied_call')).toMatchObject({ status: 'ok', verdict: 'ACCEPTED' });
  expect(JSON.stringify(await client.readResource(SELF))).toContain(session.id);
  expect(JSON.stringify(await client.getPrompt({ name: 'recover_session' }))).toContain('session_status');
}

describe('official clients', () => {
  it('of line 1 reach every tool, the resource and the prompt, and hear of a swap they subscribed to', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    const client = new ClientV1({ name: 'v1', version: '1' });
    const heard: string[] = [];
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
    await client.connect(new TransportV1(command(installation)));
    try {
      await walk(client as unknown as AnyClient, installation);
      const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
      expect(client.getServerVersion()).toMatchObject({ name: 'session-ledger', version });
      await client.subscribeResource(SELF);
      await ledger.owner.rotateSession(installation.session.id);
      await until(() => heard.includes(SELF.uri), { describe: 'the notification' });
      await client.unsubscribeResource(SELF);
    } finally {
      await client.close();
    }
  });

  it.each(['legacy', 'auto'] as const)('of line 2 do so too, negotiating %s', async (mode) => {
    const installation = await ledger.install({ expiresIn: 600 });
    const client = new ClientV2({ name: 'v2', version: '1' }, { versionNegotiation: { mode } });
    const heard: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    await client.connect(new TransportV2(command(installation)));
    try {
      expect(client.getProtocolEra()).toBe(mode === 'auto' ? 'modern' : 'legacy');
      await walk(client as unknown as AnyClient, installation);
      if (mode === 'auto') await client.listen({ resourceSubscriptions: [SELF.uri] });
      else await client.subscribeResource(SELF);
      await ledger.owner.rotateSession(installation.session.id);
      await until(() => heard.includes(SELF.uri), { describe: 'the notification' });
    } finally {
      await client.close();
    }
  });

  it('may call many tools at once, cancel one, and be told of progress', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    const client = new ClientV2({ name: 'v2', version: '1' });
    await client.connect(new TransportV2(command(installation)));
    try {
      const calls = Array.from({ length: 40 }, (_, index) =>
        client.callTool({ name: TOOLS[index % 5] ?? '', arguments: {} }),
      );
      const answers = await Promise.all(calls);
      expect(answers.map(({ isError }) => isError ?? false)).toEqual(Array(40).fill(false));

      const gone = new AbortController();
      const cancelled = client.callTool({ name: 'session_history', arguments: {} }, { signal: gone.signal });
      gone.abort('not needed any more');
      await expect(cancelled).rejects.toThrow();
      // Where it was answered before it was cancelled, that answer is in now.
      await client.ping();

      // Both client lines stop listening as soon as the answer is there, and tell of progress a moment later: a step that comes in one
      // piece with the answer is not told of. So the order is looked at where the messages come in.
      const { transport } = client;
      const take = transport?.onmessage?.bind(transport);
      const order: unknown[] = [];
      if (transport) {
        transport.onmessage = (message, extra) => {
          if ('method' in message && message.method === 'notifications/progress')
            order.push(message.params?.['progress']);
          else if ('result' in message) order.push('answer');
          take?.(message, extra);
        };
      }
      const steps: number[] = [];
      await client.callTool(
        { name: 'session_history', arguments: {} },
        { onprogress: ({ progress }) => void steps.push(progress) },
      );
      expect(order).toEqual([0, 1, 'answer']);
      expect(steps).toEqual([0, 1].slice(0, steps.length));
    } finally {
      await client.close();
    }
  });
});
