import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TelegramStandIn, until } from '#libs/testing';
import { readMcpToken } from '#libs/token-file';
import { LedgerProxy } from '../../scenarios/ledger-proxy.js';
import { McpHost } from '../../scenarios/mcp-host.js';
import { RunningLedger } from '../../scenarios/running-ledger.js';
import { sledgerJson } from '../../scenarios/sledger.js';
import { SteadyCalls } from '../../scenarios/steady-calls.js';

const CHAT = 4711;
const CALLS_PER_SECOND = 50;
const ROUNDS = Number(process.env['REFRESH_ROUNDS'] ?? 4);
/** Nothing that could be a token or a part of one. */
const TOKEN = /sl_sess_|eyJ[\w-]+/;

interface Refreshed {
  oldSessionId: string;
  newSessionId: string;
}

let ledger: RunningLedger;
let telegram: TelegramStandIn;
/** The process's requests and the command's go through proxies of their own. */
let proxy: LedgerProxy;
let commandProxy: LedgerProxy;
let host: McpHost;

beforeAll(async () => {
  telegram = await TelegramStandIn.start();
  ledger = await RunningLedger.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
  [proxy, commandProxy] = await Promise.all([LedgerProxy.start(ledger.baseUrl), LedgerProxy.start(ledger.baseUrl)]);
  await ledger.agent('trader');
  await sledgerJson(ledger, 'mcp', 'setup', '--expires-in', '600');
  host = await McpHost.connect({ dataDir: ledger.dataDir, baseUrl: proxy.url });
  await host.untilSelf({ state: 'active' });
});
afterAll(async () => {
  for (const each of [host, proxy, commandProxy, ledger, telegram]) await each[Symbol.asyncDispose]();
});

/** The process's first request with a token of this session that the api accepted. */
const firstWith = (session: string) =>
  until(() => proxy.seen.find((seen) => seen.session === session && seen.status === 200), {
    describe: `a request with a token of session ${session}`,
  });

describe('a running MCP process, called fifty times a second, with no grace for old tokens', () => {
  it(
    `is on the new token of each of ${ROUNDS} refreshes by the real command and loses no call`,
    async () => {
      await using calls = new SteadyCalls(host, CALLS_PER_SECOND);
      for (let round = 0; round < ROUNDS; round += 1) {
        commandProxy.forget();
        const { oldSessionId, newSessionId } = await sledgerJson<Refreshed>(
          { dataDir: ledger.dataDir, baseUrl: commandProxy.url },
          'mcp',
          'refresh-token',
        );
        const [created] = commandProxy.requests('POST', '/v1/sessions');
        const [revoked] = commandProxy.requests('DELETE', `/v1/sessions/${oldSessionId}`);
        expect([created?.status, revoked?.status]).toEqual([201, 200]);
        const taken = await firstWith(newSessionId);
        // The new token came from the command's creation, and the old one was used no more once it was revoked and the new one taken.
        expect(taken.at).toBeGreaterThan(created?.answeredAt ?? Infinity);
        const late = proxy.seen.filter(({ session, at, status }) => {
          return session === oldSessionId && at > Math.max(taken.at, revoked?.answeredAt ?? 0) && status === 200;
        });
        expect(late).toEqual([]);
        // Its first request was to look whether the token is good.
        await host.untilSelf({ state: 'active', sessionId: newSessionId, generation: 0 });
      }
      const answers = await calls.stop();
      expect(new Set(answers)).toEqual(new Set(['ok false']));
      expect(answers.length).toBeGreaterThan(ROUNDS * 10);
      expect(proxy.count('PUT', '/renew')).toBe(0);
      expect([host.process.exit, host.impurities()]).toEqual([undefined, []]);
    },
    240_000 + ROUNDS * 20_000,
  );

  it('F-4 is on the session that /newsession in a chat made, and loses no call; the chat never shows a token', async () => {
    const channel = { type: 'telegram', name: 'chat', priority: 100, enabled: true } as const;
    const config = { botToken: '4711:AAAAAAAAAAAAAAAAAAAAAAAAAAAA', chatId: CHAT, apiRoot: telegram.apiRoot };
    await ledger.owner.createChannel({ ...channel, config });
    const before = String((await host.self())['sessionId']);
    await using calls = new SteadyCalls(host, CALLS_PER_SECOND);
    telegram.say(CHAT, CHAT, '/newsession');
    const confirmed = await until(() => telegram.messages.find(({ text }) => text.startsWith('New session for')), {
      describe: 'the confirmation in the chat',
    });
    const made = /Session: (\S+)/.exec(confirmed.text)?.[1] ?? '';
    await firstWith(made);
    const answers = await calls.stop();
    expect(new Set(answers)).toEqual(new Set(['ok false']));
    await host.untilSelf({ state: 'active', sessionId: made, generation: 0 });
    expect((await ledger.owner.session(before)).status).toBe('revoked');
    expect(confirmed.text).toContain(`Token file: ${ledger.dataDir}`);
    expect(readMcpToken(`${ledger.dataDir}/mcp-token`)).not.toBeNull();
    expect(JSON.stringify([telegram.messages, telegram.calls])).not.toMatch(TOKEN);
    const [created] = await ledger.events(made);
    expect(created).toMatchObject({ actor: `telegram:${CHAT}`, data: { reason: 'asked for in Telegram' } });
  });
});
