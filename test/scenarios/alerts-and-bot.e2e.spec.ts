import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { endsAt, shouldNotifyExpiringSession } from '#libs/session';
import { SmtpReceiver, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { desktop } from './desktop.js';
import { RunningLedger } from './running-ledger.js';

const CHAT = 4711;
const STRANGER = 666;
const BOT_TOKEN = '4711:AAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const DAY = 86_400;

let ledger: RunningLedger;
let telegram: TelegramStandIn;
let mail: SmtpReceiver;
let webhook: WebhookReceiver;

beforeAll(async () => {
  [telegram, mail, webhook] = await Promise.all([
    TelegramStandIn.start(),
    SmtpReceiver.start(),
    WebhookReceiver.start(),
  ]);
  ledger = await RunningLedger.start({ LEDGER_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8' });
  const common = { priority: 100, enabled: true };
  const chat = { botToken: BOT_TOKEN, chatId: CHAT, apiRoot: telegram.apiRoot };
  await ledger.owner.createChannel({ type: 'telegram', name: 'chat', ...common, config: chat });
  const email = { smtpUrl: mail.url, from: 'ledger@example.org', to: 'owner@example.org' };
  await ledger.owner.createChannel({ type: 'email', name: 'mail', ...common, config: email });
  await ledger.owner.createChannel({ type: 'webhook', name: 'hook', ...common, config: { url: webhook.url } });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
  for (const receiver of [telegram, mail, webhook]) await receiver[Symbol.asyncDispose]();
});

describe('alerts', () => {
  it('F-5 an expiry alert reaches all three channels once the process has used up its renewals but three', async () => {
    const agent = await ledger.agent('atlas');
    const installation = await ledger.install({ agentId: agent.id, expiresIn: ledger.life(20), maxRenewals: 4 });
    await using it = await desktop(ledger, installation);
    await it.host.untilSelf({ generation: 1, remainingRenewals: 3 });
    const event = 'ledger.session.expiring_soon.v1';
    await until(
      () => webhook.received.some(({ body }) => body.includes(event) && body.includes(installation.session.id)),
      {
        describe: 'the webhook',
      },
    );
    const isAlert = (text: string): boolean => text.includes('atlas') && /expir|ends/i.test(text);
    await until(() => telegram.messages.some(({ text }) => isAlert(text)), { describe: 'the chat' });
    await until(() => mail.received.some(({ mail: { subject = '' } }) => isAlert(subject)), {
      describe: 'the mail',
    });
  });

  it('T-14 expiring soon: 24 h before the end or 3 renewals left; with the defaults before day 28', () => {
    // The defaults, renewed at 60 % of each life: when is the owner warned, and when does the last token die?
    const session = { expiresIn: 7 * DAY, absoluteExpiresAt: 30 * DAY, maxRenewals: 30 };
    let state = { ...session, issuedAt: 0, expiresAt: 7 * DAY, renewalCount: 0 };
    let warnedAt: number | null = null;
    for (let now = 0; now < state.expiresAt; now += 3600) {
      const renewAt = state.issuedAt + 0.6 * state.expiresIn;
      if (now >= renewAt && now + state.expiresIn <= state.absoluteExpiresAt) {
        state = { ...state, issuedAt: now, expiresAt: now + state.expiresIn, renewalCount: state.renewalCount + 1 };
      }
      const left = state.maxRenewals - state.renewalCount;
      if (shouldNotifyExpiringSession(left, endsAt(state, now), now)) warnedAt ??= now;
    }
    expect(warnedAt).not.toBeNull();
    expect(warnedAt).toBeLessThan(28 * DAY);
    expect(warnedAt).toBeLessThanOrEqual(state.expiresAt - DAY);
  });
});

describe('the Telegram bot and a running process', () => {
  it('S-03 a stranger’s /newsession is refused and changes nothing', async () => {
    const before = (await ledger.owner.sessionPage()).items.length;
    telegram.say(STRANGER, STRANGER, '/newsession');
    await until(
      () => telegram.messages.some(({ chatId, text }) => chatId === String(STRANGER) && text.includes('Unauthorized')),
      {
        describe: 'the refusal',
      },
    );
    expect((await ledger.owner.sessionPage()).items).toHaveLength(before);
  });

  it('T-08 F-4 /newsession from choice to confirmation: the process takes the new session, no token is in the chat', async () => {
    const agent = await ledger.agent('borealis');
    const installation = await ledger.install({ agentId: agent.id, expiresIn: 600 });
    await ledger.agent('cassiopeia');
    await using it = await desktop(ledger, installation);
    await it.host.untilSelf({ state: 'active', sessionId: installation.session.id });
    const known = telegram.messages.length;
    telegram.say(CHAT, CHAT, '/newsession');
    const choice = await until(
      () =>
        telegram.messages.slice(known).find(({ replyMarkup }) => JSON.stringify(replyMarkup ?? '').includes(agent.id)),
      { describe: 'the choice of agents' },
    );
    telegram.press(CHAT, CHAT, choice.messageId, `newsession:${agent.id}`);
    const swapped = await until(
      async () => {
        const self = await it.host.self();
        return self['sessionId'] === installation.session.id ? null : self;
      },
      { describe: 'the process to run on the new session' },
    );
    expect(swapped).toMatchObject({ state: 'active', generation: 0 });
    expect((await it.host.call('session_status')).content['status']).toBe('ok');
    expect((await ledger.owner.session(installation.session.id)).status).toBe('revoked');
    const chat = JSON.stringify([telegram.messages, telegram.calls]);
    expect(chat).not.toMatch(/sl_sess_|eyJ[\w-]+\.[\w-]+\./);
    expect(it.host.process.exit).toBeUndefined();
  });
});
