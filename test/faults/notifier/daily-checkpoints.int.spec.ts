import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newWebhookSecret, sendCheckpoints } from '#libs/deliveries';
import { CheckpointStore } from '#libs/ledger';
import { openCheckpoint, parseVerifierKey, rawPublicKeyOf, signCheckpoint, verifierKey } from '#libs/proof';
import {
  type ChatService,
  SmtpReceiver,
  startChatService,
  TelegramStandIn,
  until,
  WebhookReceiver,
} from '#libs/testing';
import { notesIn } from '../../../apps/cli/src/audit/read-witnesses.js';
import { NotifierFixture } from './notifier-fixture.js';

const DAY = "interval '1 day'";
const ORIGIN = 'ledger.example.test/log';
const keys = generateKeyPairSync('ed25519');
const signer = { origin: ORIGIN, rawPublicKey: rawPublicKeyOf(keys.publicKey), privateKey: keys.privateKey };
const verifier = parseVerifierKey(verifierKey(ORIGIN, signer.rawPublicKey));

function slackText(body: string): string {
  const { blocks } = JSON.parse(body) as { blocks: { text?: { text: string } }[] };
  return blocks.map(({ text }) => text?.text ?? '').join('\n');
}

describe('the daily checkpoint', () => {
  let fixture: NotifierFixture;
  let webhook: WebhookReceiver;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    webhook = await WebhookReceiver.start();
  });
  afterEach(async () => {
    await webhook[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  async function sign(size: number): Promise<string> {
    const root = Buffer.alloc(32, size);
    const signedAt = new Date().toISOString();
    const note = signCheckpoint({ size, root, time: signedAt }, signer);
    await new CheckpointStore(fixture.database).add({ size, root, signedAt, note });
    return note;
  }

  /** Moves the day of every channel: as if so much time had passed. */
  const pass = (time: string): Promise<unknown> =>
    fixture.database.query(`update deliveries.channel set checkpoint_at = checkpoint_at - ${time}`);

  /** Waits until a pass of the leader has begun and ended since: the second canary is queued by a later pass than the first. */
  async function afterPass(clock: WebhookReceiver): Promise<void> {
    for (let canary = 0; canary < 2; canary++) {
      const before = clock.received.length;
      await fixture.database.query(
        "update deliveries.channel set canary_at = clock_timestamp() - interval '2 hours' where name = 'clock'",
      );
      await until(() => clock.received.length > before, { describe: 'a pass of the leader' });
      await fixture.settled();
    }
  }

  const notesOf = (bodies: string[]): string[] => bodies.filter((body) => body.includes(ORIGIN)).flatMap(notesIn);

  it('goes once a day to each channel that wants it, over two notifiers, restarts and days without any', async () => {
    await using quiet = await WebhookReceiver.start();
    await using clock = await WebhookReceiver.start();
    const { id } = await fixture.webhook(webhook.url);
    await fixture.webhook(quiet.url, { dailyCheckpoint: false });
    await fixture.webhook(clock.url, { name: 'clock', dailyCheckpoint: false });
    let second = fixture.newNotifier({ metrics: fixture.freshMetrics() });
    second.start();
    const sent = (): string[] => notesOf(webhook.received.map(({ body }) => body));

    const first = await sign(1);
    await afterPass(clock);
    expect(sent()).toEqual([]);
    await pass(DAY);
    await until(() => sent().length === 1, { describe: 'the first day’s' });
    expect(sent()).toEqual([first]);

    // Whoever leads next finds the day done.
    await fixture.notifier.close();
    await afterPass(clock);
    await second.close();
    second = fixture.newNotifier({ metrics: fixture.freshMetrics() });
    second.start();
    await afterPass(clock);
    expect(sent()).toEqual([first]);

    await sign(2);
    const newest = await sign(3);
    await pass("interval '5 days'");
    await until(() => sent().length === 2, { describe: 'the next one' });
    await afterPass(clock);
    expect(sent()).toEqual([first, newest]);
    // The hour of the day stays.
    const [place] = await fixture.database.query<{ drift: number }>(
      'select abs(extract(epoch from checkpoint_at - created_at))::float8 as drift from deliveries.channel where channel_id = $1',
      [id],
    );
    expect(place!.drift).toBeLessThan(1);
    expect(notesOf(quiet.received.map(({ body }) => body))).toEqual([]);
    await second.close();
  });

  it('two leaders that look in the same moment queue it once', async () => {
    await fixture.notifier.close();
    await fixture.webhook(webhook.url);
    await sign(1);
    await pass(DAY);
    const queued = await Promise.all(Array.from({ length: 8 }, () => sendCheckpoints(fixture.database)));
    expect(queued.flat()).toHaveLength(1);
    expect(await fixture.statuses()).toEqual({ pending: 1 });
  });

  it.each(['en', 'ko'] as const)('holds the signed note byte for byte in every form, in %s', async (language) => {
    await using smtp = await SmtpReceiver.start();
    await using telegram = await TelegramStandIn.start();
    await using slack = await startChatService('slack');
    await using discord = await startChatService('discord');
    await using ntfy = await startChatService('ntfy');
    await fixture.webhook(webhook.url, { language });
    await fixture.email(smtp.url, { language });
    await fixture.telegram(telegram.apiRoot, { language });
    for (const [format, { url }] of Object.entries({ slack, discord, ntfy })) {
      const config = { url, secret: newWebhookSecret(), format: format as ChatService };
      await fixture.channel({ type: 'webhook', config }, { language });
    }
    const note = await sign(7);
    await pass(DAY);
    await until(async () => (await fixture.statuses())['delivered'] === 6, { describe: 'all six' });
    const texts = {
      standard: webhook.received[0]!.body,
      mail: smtp.received[0]!.mail.text!,
      telegram: telegram.messages[0]!.text,
      slack: slackText(slack.received[0]!.body),
      discord: (JSON.parse(discord.received[0]!.body) as { embeds: { description: string }[] }).embeds[0]!.description,
      ntfy: ntfy.received[0]!.body,
    };
    expect(Object.keys(texts)).toHaveLength(6);
    for (const [form, text] of Object.entries(texts)) {
      expect({ form, notes: notesIn(text) }).toEqual({ form, notes: [note] });
    }
    expect(openCheckpoint(notesIn(texts.mail)[0]!, [verifier])).toMatchObject({ origin: ORIGIN, size: 7 });
    expect(smtp.received[0]!.mail.subject).toContain('7');
  });

  it('keeps the note where many alerts are one message', async () => {
    await using smtp = await SmtpReceiver.start();
    await using telegram = await TelegramStandIn.start();
    await fixture.email(smtp.url);
    await fixture.telegram(telegram.apiRoot);
    await fixture.database.query("update deliveries.channel set paused_until = clock_timestamp() + interval '1 hour'");
    const note = await sign(9);
    await pass(DAY);
    await until(async () => (await fixture.statuses())['pending'] === 2, { describe: 'the checkpoint to be queued' });
    for (let n = 0; n < 6; n++) await fixture.takeIn((await fixture.warned()).event);
    await fixture.database.query('update deliveries.channel set paused_until = null');
    await fixture.settled();
    expect(smtp.received).toHaveLength(1);
    expect(telegram.messages).toHaveLength(1);
    expect(notesIn(smtp.received[0]!.mail.text!)).toEqual([note]);
    expect(notesIn(telegram.messages[0]!.text)).toEqual([note]);
  });
});
