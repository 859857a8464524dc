import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { confirmButton, newSessionButton, rejectButton } from '../../../apps/notifier/src/bot/buttons.js';
import { Channels } from '#libs/deliveries';
import { BY_OWNER, until } from '#libs/testing';
import { SecretBox } from '#libs/tokens';
import { BOT_TOKEN, BotFixture, OWNER_CHAT } from './bot-fixture.js';

let fixture: BotFixture;
beforeEach(async () => {
  fixture = await BotFixture.open();
  await fixture.addTelegramChannel();
});
afterEach(() => fixture[Symbol.asyncDispose]());

const sends = () => fixture.telegram.calls.filter(({ method }) => method === 'sendMessage');

const troubles = () =>
  fixture.database.query<{ name: string; envelope: string }>(
    `select c.name, n.envelope from deliveries.delivery d join deliveries.channel c using (channel_id)
     join deliveries.notification n using (notification_id) where n.stage = 'trouble'`,
  );

describe('a bot that Telegram slows down or refuses', () => {
  it('waits as long as 429 asks, then answers, and the command has run once', async () => {
    const agentId = await fixture.addAgent('trader');
    let refusedAt = 0;
    fixture.telegram.refuse(({ method }) => {
      if (method !== 'sendMessage' || refusedAt > 0) return undefined;
      refusedAt = performance.now();
      return { error_code: 429, description: 'Too Many Requests: retry after 2', retryAfter: 2 };
    });
    fixture.startBots();
    fixture.say('/newsession');
    await fixture.message(/New session for trader/);
    expect(performance.now() - refusedAt).toBeGreaterThanOrEqual(2000);
    expect(sends()).toHaveLength(2);
    expect(await fixture.sessionIds(agentId)).toHaveLength(1);
  });

  it.each([
    ['403: the user blocked it', { error_code: 403, description: 'Forbidden: bot was blocked by the user' }],
    ['400: the chat is gone', { error_code: 400, description: 'Bad Request: chat not found' }],
  ])('gives up an answer that can never arrive (%s) and goes on with the next', async (_name, refusal) => {
    const agentId = await fixture.addAgent('trader');
    fixture.telegram.refuse(({ method }, earlier) => (method === 'sendMessage' && earlier < 4 ? refusal : undefined));
    fixture.startBots();
    fixture.say('/newsession');
    await until(() => sends().length === 1, { describe: 'the refused answer' });
    fixture.telegram.refuse(() => undefined);
    fixture.say('/sessions');
    await fixture.message(/trader/);
    expect(sends()).toHaveLength(2);
    expect(await fixture.sessionIds(agentId)).toHaveLength(1);
  });

  it('tries an answer again after a 500, without doing the command twice', async () => {
    const agentId = await fixture.addAgent('trader');
    fixture.telegram.refuse(({ method }) =>
      method === 'sendMessage' && sends().length < 3
        ? { error_code: 500, description: 'Internal Server Error' }
        : undefined,
    );
    fixture.startBots();
    fixture.say('/newsession');
    await fixture.message(/New session for trader/);
    expect(await fixture.sessionIds(agentId)).toHaveLength(1);
  });

  it('does what a button says though its press can be answered no more', async () => {
    const sessionId = await fixture.addSession(await fixture.addAgent('trader'));
    fixture.telegram.refuse(({ method }) =>
      method === 'answerCallbackQuery'
        ? { error_code: 400, description: 'Bad Request: query is too old and response timeout expired' }
        : undefined,
    );
    fixture.startBots();
    fixture.telegram.press(OWNER_CHAT, OWNER_CHAT, 1, rejectButton(sessionId, 0, 'Reject').callback_data);
    await fixture.message(/Renewal rejected/);
    expect(await fixture.eventTypes(sessionId)).toContain('SessionRevoked');
  });

  it('whose token is revoked says so on the other channels and comes back by itself', async () => {
    await fixture.channels.create(
      { name: 'ops', priority: 100, enabled: true },
      { type: 'email', config: { smtpUrl: 'smtp://127.0.0.1:1', from: 'a@example.org', to: 'b@example.org' } },
      BY_OWNER,
    );
    fixture.telegram.refusePolls({ error_code: 401, description: 'Unauthorized' });
    const first = fixture.startBots();
    const told = await until(async () => (await troubles())[0], { describe: 'news of the trouble' });
    expect(told.name).toBe('ops');
    expect(told.envelope).toContain('Its bot takes no commands');
    expect(told.envelope).not.toContain(BOT_TOKEN);
    expect(fixture.logLines.join('')).not.toContain(BOT_TOKEN);
    await first.stop();
    fixture.telegram.refusePolls();
    fixture.startBots();
    fixture.say('/help');
    await fixture.message(/Session Ledger tells/);
  });

  it.each([
    [401, 'Unauthorized'],
    [404, 'Not Found'],
  ])('whose token is revoked (%d) goes on in the same process once the channel has a new one', async (code, words) => {
    await fixture.channels.create(
      { name: 'ops', priority: 100, enabled: true },
      { type: 'email', config: { smtpUrl: 'smtp://127.0.0.1:1', from: 'a@example.org', to: 'b@example.org' } },
      BY_OWNER,
    );
    const agentId = await fixture.addAgent('trader');
    fixture.startBots();
    fixture.say('/help');
    await fixture.message(/Session Ledger tells/);
    const answered = sends().length;
    fixture.telegram.refuseToken(BOT_TOKEN, { error_code: code, description: words });
    fixture.say('/newsession');
    const told = await until(async () => (await troubles())[0], { describe: 'news of the trouble' });
    expect(told.name).toBe('ops');
    expect(told.envelope).not.toContain(BOT_TOKEN);
    expect([sends().length, await fixture.sessionIds(agentId)]).toEqual([answered, []]);

    const next = '7000000001:AAExampleExampleExampleExample_0002';
    const owner = (await fixture.channels.list()).find(({ type }) => type === 'telegram');
    const config = { botToken: next, chatId: OWNER_CHAT, apiRoot: fixture.telegram.apiRoot };
    await fixture.channels.update(owner?.id ?? '', {}, BY_OWNER, { type: 'telegram', config });
    await fixture.message(/New session for trader/);
    expect(await fixture.sessionIds(agentId)).toHaveLength(1);
    expect(
      new Set(
        sends()
          .slice(answered)
          .map(({ token }) => token),
      ),
    ).toEqual(new Set([next]));
    expect(fixture.logLines.join('')).not.toMatch(/AAExample/);
  });

  it('takes commands although the secrets of another channel cannot be opened', async () => {
    const foreign = new Channels(fixture.database, SecretBox.open({ base64: Buffer.alloc(32, 9).toString('base64') }));
    await foreign.create(
      { name: 'sealed elsewhere', priority: 1, enabled: true },
      { type: 'telegram', config: { botToken: '7000000002:BBExample', chatId: 1, apiRoot: fixture.telegram.apiRoot } },
      BY_OWNER,
    );
    fixture.startBots();
    fixture.say('/help');
    await fixture.message(/Session Ledger tells/);
  });

  it('answers again when Telegram is back after failing polls', async () => {
    fixture.telegram.refusePolls({ error_code: 502, description: 'Bad Gateway' });
    fixture.startBots();
    fixture.say('/help');
    await until(() => fixture.logLines.some((line) => line.includes('Bad Gateway')), { describe: 'a failed poll' });
    fixture.telegram.refusePolls();
    await fixture.message(/Session Ledger tells/);
  });
});

describe('T5: an update that comes twice', () => {
  it('is handled once when Telegram repeats what was confirmed', async () => {
    const agentId = await fixture.addAgent('trader');
    fixture.startBots();
    fixture.say('/newsession');
    await fixture.message(/New session for trader/);
    fixture.say('/help');
    await fixture.message(/Session Ledger tells/);
    await until(() => fixture.telegram.confirmedCount >= 1, { describe: 'a confirmation' });
    fixture.telegram.repeatConfirmed();
    fixture.say('/sessions');
    await fixture.message(/renewals left/);
    expect(await fixture.sessionIds(agentId)).toHaveLength(1);
    expect(fixture.telegram.messages.filter(({ text }) => text.startsWith('New session'))).toHaveLength(1);
  });

  it('is handled once when the process ended before it confirmed', async () => {
    const agentId = await fixture.addAgent('trader');
    const first = fixture.startBots();
    fixture.say('/newsession');
    await fixture.message(/New session for trader/);
    await first.stop();
    fixture.startBots();
    fixture.say('/sessions');
    await fixture.message(/renewals left/);
    expect(await fixture.sessionIds(agentId)).toHaveLength(1);
    expect(fixture.telegram.messages.filter(({ text }) => text.startsWith('New session'))).toHaveLength(1);
  });

  it('says what it did the first time when it ended a session', async () => {
    const sessionId = await fixture.addSession(await fixture.addAgent('trader'));
    fixture.telegram.refuse(({ method }) =>
      method === 'answerCallbackQuery' && fixture.answers().length === 1
        ? { error_code: 500, description: 'Internal Server Error' }
        : undefined,
    );
    fixture.startBots();
    fixture.telegram.press(OWNER_CHAT, OWNER_CHAT, 1, confirmButton(sessionId, 0).callback_data);
    expect((await fixture.message(/trader/)).text).toMatch(/^Session .* is revoked/);
    expect(fixture.answers()).toEqual(['Revoked.', 'Revoked.']);
  });

  it('is finished by the next process when the first ended between the session and its confirmation', async () => {
    const agentId = await fixture.addAgent('trader');
    const second = await fixture.addAgent('second');
    const first = fixture.startBots();
    fixture.say('/newsession');
    const question = await fixture.message(/For which agent/);
    fixture.telegram.refuse(({ method }) =>
      method === 'editMessageText' ? { error_code: 500, description: 'Internal Server Error' } : undefined,
    );
    fixture.telegram.press(
      OWNER_CHAT,
      OWNER_CHAT,
      question.messageId,
      newSessionButton('trader', agentId).callback_data,
    );
    const [made] = await until(() => fixture.sessionIds(agentId).then((ids) => (ids.length > 0 ? ids : null)), {
      describe: 'the session',
    });
    await first.stop();
    fixture.telegram.refuse(() => undefined);
    fixture.startBots();
    expect((await fixture.message(/New session for trader/)).text).toContain(made);
    expect(await fixture.sessionIds(agentId)).toEqual([made]);
    expect(await fixture.sessionIds(second)).toEqual([]);
  });
});

describe('several notifiers', () => {
  it('poll a bot one at a time, and the next takes over from one that stops', async () => {
    await fixture.addAgent('trader');
    const first = fixture.startBots();
    fixture.say('/sessions');
    await fixture.message(/No session is alive/);
    fixture.startBots();
    fixture.say('/help');
    await fixture.message(/Session Ledger tells/);
    expect(fixture.telegram.mostPollers).toBe(1);
    await first.stop();
    fixture.say('/newsession');
    await fixture.message(/New session for trader/);
    expect(fixture.telegram.mostPollers).toBe(1);
    expect(sends()).toHaveLength(3);
  });

  it('stop polling when the channel is turned off, and start when one is added', async () => {
    fixture.startBots();
    fixture.say('/help');
    await fixture.message(/Session Ledger tells/);
    const [channel] = await fixture.channels.list();
    await fixture.channels.update(channel?.id ?? '', { enabled: false }, BY_OWNER);
    await until(() => fixture.telegram.pollers === 0, { describe: 'no poller' });
    await fixture.addTelegramChannel('again');
    fixture.say('/status');
    await fixture.message(/Sessions alive: 0/);
  });
});
