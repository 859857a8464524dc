import { describe, expect, it } from '@jest/globals';
import { SmtpReceiver, Standstill, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

/** Ten thousand in the long run; the figures of that size are the benchmark's. */
const SESSIONS = Number(process.env['LEDGER_TEST_BURST'] ?? 600);
const BATCH = 200;

describe('M1: a burst of alerts', () => {
  it(`of ${SESSIONS} sessions puts every session in exactly one message to chat and mailbox, and webhooks get each by itself`, async () => {
    await using fixture = await NotifierFixture.start();
    await using healthy = await WebhookReceiver.start();
    await using hung = await WebhookReceiver.start();
    await using busy = await WebhookReceiver.start();
    await using smtp = await SmtpReceiver.start();
    await using telegram = await TelegramStandIn.start();
    hung.respond(() => ({ instead: 'hang' }));
    // For longer than this takes anywhere.
    busy.respond(() => ({ status: 429, headers: { 'retry-after': '900' } }));
    for (const { url } of [healthy, hung, busy]) await fixture.webhook(url);
    await fixture.email(smtp.url);
    await fixture.telegram(telegram.apiRoot);

    const warned = [];
    for (let i = 0; i < SESSIONS; i++) warned.push(await fixture.warned({ agentName: `agent ${i}` }));
    const ids = warned.map(({ session }) => session.sessionId).sort();
    using standstill = new Standstill();
    const started = Date.now();
    for (let i = 0; i < SESSIONS; i += BATCH)
      await fixture.takeIn(...warned.slice(i, i + BATCH).map(({ event }) => event));
    await until(() => healthy.received.length >= SESSIONS, { describe: 'the healthy webhook', timeoutMs: 150_000 });
    const healthyDone = Date.now() - started;

    const inChat = (): string[] =>
      telegram.messages.flatMap(({ text, document }) => idsIn(`${text}\n${document ?? ''}`, ids));
    const inMail = (): string[] => smtp.received.flatMap(({ mail }) => idsIn(mail.text ?? '', ids));
    await until(() => inChat().length >= SESSIONS && inMail().length >= SESSIONS, {
      describe: 'all sessions in chat and mailbox',
      timeoutMs: 240_000,
    });
    expect(healthyDone - standstill.ms).toBeLessThan(60_000);
    expect(inChat().sort()).toEqual(ids);
    expect(inMail().sort()).toEqual(ids);
    expect(telegram.messages.length).toBeLessThan(100);
    expect(smtp.received.length).toBeLessThan(30);
    expect(new Set(healthy.received.map(({ headers }) => headers['webhook-id'])).size).toBe(SESSIONS);
    expect(healthy.received).toHaveLength(SESSIONS);
    // What hangs and what says "too much" is asked no more than its own share.
    expect(hung.received.length).toBeLessThanOrEqual(64);
    expect(busy.received.length).toBeLessThanOrEqual(32);
    for (const { text } of telegram.messages) expect(text.length).toBeLessThanOrEqual(4096);
  }, 600_000);
});

function idsIn(text: string, ids: string[]): string[] {
  const known = new Set(ids);
  return (text.match(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? []).filter((id) =>
    known.has(id),
  );
}
