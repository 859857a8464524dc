import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TargetPolicy, type WebhookConfig } from '#libs/deliveries';
import type { SessionState } from '#libs/session';
import { SmtpReceiver, startChatService, TelegramStandIn, WebhookReceiver } from '#libs/testing';
import { openSender } from '../../../apps/notifier/src/open-sender.js';
import type { Sender } from '../../../apps/notifier/src/send-deliveries/sender.js';
import { safeConnector } from '../../../apps/notifier/src/webhook/safe-connector.js';
import { webhookAgent } from '../../../apps/notifier/src/webhook/webhook-sender.js';
import { NotifierFixture } from './notifier-fixture.js';

const NAMES = Number(process.env['LEDGER_TEST_FUZZ_NAMES'] ?? 1000);
const AT_ONCE = 20;
const MARKS = [
  ...'*_`[]()~>#+-=|{}.!\\<b>&"\'%@:;,/^$?\u202e\u0000\r\n\t',
  '👩‍👩‍👧‍👦',
  '🇰🇷',
  'é',
  '한글',
  '</b>',
  '<@everyone>',
  '${x}',
  '\u2028',
];

/** 500 characters of every kind that some format gives a meaning to. */
function nameOf(): string {
  const characters = Array.from({ length: 500 }, () => MARKS[Math.floor(Math.random() * MARKS.length)]);
  return [...characters.join('')].slice(0, 500).join('');
}

describe(`T3: ${NAMES} names of 500 characters with every markup character and emoji`, () => {
  let fixture: NotifierFixture;
  let session: SessionState;
  const agent = webhookAgent(safeConnector(new TargetPolicy(['127.0.0.0/8'])));
  beforeAll(async () => {
    fixture = await NotifierFixture.start();
    await fixture.notifier.close();
    fixture.excuse('calls on record', 'the senders are called by hand');
    session = await fixture.warnedSession();
  });
  afterAll(async () => {
    await agent.destroy();
    await fixture[Symbol.asyncDispose]();
  });

  async function sendAll(channelId: string): Promise<void> {
    const sender = await openSender(fixture.channels, channelId, agent);
    let left = NAMES;
    const worker = async (): Promise<void> => {
      while (left-- > 0) expect(await sendOne(sender, nameOf())).toBe('delivered');
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await sender.close();
  }

  async function sendOne(sender: Sender, agentName: string): Promise<string> {
    const outcome = await sender.send(fixture.claimedMessage(fixture.expiringSoon(session, { agentName }), sender));
    return outcome.kind === 'delivered' ? outcome.kind : `${outcome.kind}: ${outcome.detail}`;
  }

  it('arrive in Telegram, below the limit, with entities that fit and no second call', async () => {
    await using telegram = await TelegramStandIn.start();
    await sendAll(await fixture.telegram(telegram.apiRoot));
    expect(telegram.messages).toHaveLength(NAMES);
    expect(telegram.calls).toHaveLength(NAMES);
    for (const { parameters } of telegram.calls) {
      const text = String(parameters['text']);
      expect(text.length).toBeLessThanOrEqual(4096);
      expect(() => encodeURIComponent(text)).not.toThrow();
      for (const { offset, length } of parameters['entities'] as { offset: number; length: number }[]) {
        expect(offset + length).toBeLessThanOrEqual(text.length);
        expect(length).toBeGreaterThan(0);
      }
    }
  });

  it('arrive by mail with one subject line and no markup of their own', async () => {
    await using smtp = await SmtpReceiver.start();
    await sendAll(await fixture.email(smtp.url));
    expect(smtp.received).toHaveLength(NAMES);
    for (const { mail, raw, recipients } of smtp.received) {
      expect(mail.subject).toMatch(/^\[Session Ledger\] The session of .+ expires soon$/);
      expect(recipients).toEqual(['owner@example.test']);
      expect(raw.match(/^subject:/gim)).toHaveLength(1);
      expect(mail.html).not.toMatch(/<b>|<\/b>|<@/);
      expect(mail.html?.match(/<h1/g)).toHaveLength(1);
    }
  });

  it('arrive at a webhook byte for byte as the ledger has them', async () => {
    await using webhook = await WebhookReceiver.start();
    const { id } = await fixture.webhook(webhook.url);
    const sender = await openSender(fixture.channels, id, agent);
    const names = Array.from({ length: NAMES }, nameOf);
    for (const name of names) expect(await sendOne(sender, name)).toBe('delivered');
    const arrived = webhook.received.map(({ body }) => (JSON.parse(body) as { data: { agentName: string } }).data);
    expect(arrived.map(({ agentName }) => agentName)).toEqual(names);
  });

  it.each(['slack', 'discord', 'ntfy'] as const)('arrive at %s in the shape that it documents', async (format) => {
    await using service = await startChatService(format);
    const config: WebhookConfig = { url: service.url, secret: `whsec_${'A'.repeat(32)}`, format };
    await sendAll(await fixture.channel({ type: 'webhook', config }));
    expect(service.received).toHaveLength(NAMES);
  });

  it.each([
    ['slack', { text: '<b>' }],
    ['slack', { text: 'x', blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }] }],
    ['discord', { embeds: [{ title: 'x', fields: [{ name: 'x', value: '' }] }] }],
    ['discord', { embeds: [{ title: '\ud83d' }] }],
    ['ntfy', 'x'.repeat(5000)],
  ] as const)('the receiver of %s refuses what the service would', async (format, body) => {
    await using service = await startChatService(format);
    const headers = { 'content-type': 'application/json' };
    const { status } = await fetch(service.url, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(status).toBe(400);
  });
});
