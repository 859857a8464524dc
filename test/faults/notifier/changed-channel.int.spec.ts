import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { claimableChannels, claimMessages, newWebhookSecret, sendTest, type ClaimableChannel } from '#libs/deliveries';
import { createMetrics } from '#libs/platform';
import { BY_OWNER, testLogger, until, WebhookReceiver } from '#libs/testing';
import { openSender } from '../../../apps/notifier/src/open-sender.js';
import { ChannelClaimer } from '../../../apps/notifier/src/send-deliveries/channel-claimer.js';
import { DeliveryMetrics } from '../../../apps/notifier/src/send-deliveries/delivery-metrics.js';
import { InFlight } from '../../../apps/notifier/src/send-deliveries/in-flight.js';
import { OutcomeWriter } from '../../../apps/notifier/src/send-deliveries/outcome-writer.js';
import { webhookAgent } from '../../../apps/notifier/src/webhook/webhook-sender.js';
import { safeConnector } from '../../../apps/notifier/src/webhook/safe-connector.js';
import { TargetPolicy } from '#libs/deliveries';
import { NotifierFixture } from './notifier-fixture.js';

/** A claimer that looked at its channel just before somebody changed it: the poll that would tell it never comes. */
describe('a channel that was changed after its claimer last looked', () => {
  let fixture: NotifierFixture;
  let webhook: WebhookReceiver;
  let claimer: ChannelClaimer;
  let seen: ClaimableChannel;
  let secret: string;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    await fixture.notifier.close();
    webhook = await WebhookReceiver.start();
    ({ secret } = await fixture.webhook(webhook.url));
    [seen] = (await claimableChannels(fixture.database)) as [ClaimableChannel];
    const { database } = fixture;
    const logger = testLogger('notifier');
    const agent = webhookAgent(safeConnector(new TargetPolicy(['127.0.0.0/8'])));
    claimer = new ChannelClaimer(seen, {
      database,
      logger,
      metrics: new DeliveryMetrics(createMetrics('claimer')),
      outcomes: new OutcomeWriter(database, logger, () => undefined),
      openSender: (id) => openSender(fixture.channels, id, agent),
      inFlight: new InFlight(database, logger, 60),
      probe: () => undefined,
    });
    // The first message opens the sender with the configuration of now.
    await fixture.takeIn((await fixture.warned()).event);
    claimer.kick();
    await until(() => webhook.received.length === 1, { describe: 'the message before the change' });
    await fixture.settled();
  });
  afterEach(async () => {
    await claimer.close();
    await webhook[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  it('W9: sends a message taken after a rotation with the new secret alone', async () => {
    const next = newWebhookSecret();
    await fixture.channels.update(seen.channel.id, {}, BY_OWNER, {
      type: 'webhook',
      config: { url: webhook.url, secret: next },
    });
    await fixture.takeIn((await fixture.warned()).event);
    claimer.kick();
    await until(() => webhook.received.length === 2, { describe: 'the message after the rotation' });
    const { body, headers } = webhook.received[1]!;
    new Webhook(next).verify(body, headers as Record<string, string>);
    expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).toThrow();
  });

  it('claims nothing for the channel as it was, and says that it is outdated', async () => {
    await fixture.takeIn((await fixture.warned()).event);
    await fixture.channels.update(seen.channel.id, { events: ['SessionRevoked'] }, BY_OWNER);
    const claim = await claimMessages(fixture.database, {
      channel: seen.channel,
      slots: 10,
      again: 5,
      digestAbove: null,
      leaseSeconds: 60,
      underWay: [],
      onlyProbes: false,
      render: () => null,
    });
    expect(claim).toEqual({ outdated: true, messages: [] });
    expect(await fixture.attempts()).toHaveLength(1);
    expect(await fixture.statuses()).toEqual({ delivered: 1, pending: 1 });
  });

  it.each(['turned off', 'deleted'])('sends nothing over one that was %s', async (how) => {
    const { id } = seen.channel;
    // Without what both do to waiting alerts: the claim by itself must refuse.
    const change = how === 'deleted' ? 'deleted_at = clock_timestamp()' : 'enabled = false';
    await fixture.takeIn((await fixture.warned()).event);
    await fixture.database.query(
      `update deliveries.channel set ${change}, version = version + 1 where channel_id = $1`,
      [id],
    );
    claimer.kick();
    await claimer.close();
    expect(webhook.received).toHaveLength(1);
    expect(await fixture.attempts()).toHaveLength(1);
  });
});

describe('a channel that is turned off or deleted', () => {
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

  /** An alert of level INFO, which goes to one channel after the other. */
  async function information(): Promise<void> {
    const renewed = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    await fixture.takeIn(await fixture.lastEvent(renewed.sessionId));
  }

  it('hands its turn to the next channel only', async () => {
    fixture.holdRetries();
    await using other = await WebhookReceiver.start();
    webhook.respond(() => ({ status: 500 }));
    const { id } = await fixture.webhook(webhook.url, { priority: 1 });
    await fixture.webhook(other.url, { priority: 2 });
    await fixture.webhook(other.url, { priority: 3 });
    await information();
    await until(() => webhook.received.length > 0, { describe: 'a first try' });
    await until(async () => (await fixture.statuses())['retry'] === 1, { describe: 'its failure on record' });
    await fixture.channels.update(id, { enabled: false }, BY_OWNER);
    expect(await fixture.settled()).toEqual({ suppressed: 2, delivered: 1 });
    expect(other.received).toHaveLength(1);
  });

  it.each(['deleted', 'turned off'] as const)(
    '%s while its worker dies in an attempt, ends that attempt too, and hands on the turn',
    async (how) => {
      await using other = await WebhookReceiver.start();
      const { id } = await fixture.webhook(webhook.url, { priority: 1 });
      await fixture.webhook(other.url, { priority: 2 });
      await fixture.notifier.close();
      await information();
      // A worker that claims and is gone.
      const [state] = await claimableChannels(fixture.database);
      const { messages } = await claimMessages(fixture.database, {
        channel: state!.channel.id === id ? state!.channel : (await claimableChannels(fixture.database))[1]!.channel,
        slots: 1,
        again: 1,
        digestAbove: null,
        leaseSeconds: 0.5,
        underWay: [],
        onlyProbes: false,
        render: () => null,
      });
      expect(messages).toHaveLength(1);
      if (how === 'deleted') await fixture.channels.delete(id, BY_OWNER);
      else await fixture.channels.update(id, { enabled: false }, BY_OWNER);
      const heir = fixture.newNotifier({ metrics: fixture.freshMetrics() });
      heir.start();
      expect(await fixture.settled()).toEqual({ suppressed: 1, delivered: 1 });
      expect(await fixture.attempts()).toMatchObject([
        { outcome: 'unknown', reason: 'worker_lost' },
        { outcome: 'delivered' },
      ]);
      expect([webhook.received.length, other.received.length]).toEqual([0, 1]);
      await heir.close();
    },
  );

  it('has its message under way ended before the notifier stops', async () => {
    const far = new EventEmitter();
    const answer = once(far, 'answer');
    webhook.respond(() => ({ after: answer }));
    const { id } = await fixture.webhook(webhook.url);
    await information();
    await until(() => webhook.received.length === 1, { describe: 'the message' });
    await fixture.channels.update(id, { enabled: false }, BY_OWNER);
    // A later channel gets its message once its claimer was looked up: the poll that missed the first one is over.
    await using other = await WebhookReceiver.start();
    await fixture.webhook(other.url);
    await information();
    await until(() => other.received.length === 1, { describe: 'the next poll' });
    const closing = fixture.notifier.close();
    const someTime = async (): Promise<string> => {
      for (let query = 0; query < 30; query += 1) await fixture.statuses();
      return 'under way';
    };
    expect(await Promise.race([closing.then(() => 'stopped'), someTime()])).toBe('under way');
    far.emit('answer');
    await closing;
    expect((await fixture.attempts()).map(({ outcome }) => outcome)).toEqual(['delivered', 'delivered']);
  });

  it('takes no change any more once it is deleted, and a moved chat undoes no other change', async () => {
    const { id } = await fixture.webhook(webhook.url);
    await fixture.channels.delete(id, BY_OWNER);
    const secrets = { type: 'webhook', config: { url: webhook.url, secret: newWebhookSecret() } } as const;
    await expect(fixture.channels.update(id, {}, BY_OWNER, secrets)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const [row] = await fixture.database.query('select config from deliveries.channel where channel_id = $1', [id]);
    expect(row).toEqual({ config: null });

    const chat = await fixture.telegram('http://127.0.0.1:9');
    const before = await fixture.channels.get(chat);
    const config = { botToken: `7000000002:${'B'.repeat(35)}`, chatId: 1 };
    await fixture.channels.update(chat, {}, BY_OWNER, { type: 'telegram', config });
    await fixture.channels.replaceSecrets(chat, before.version, { type: 'telegram', config: { ...config, chatId: 2 } });
    expect(await fixture.channels.secrets(chat)).toEqual({ type: 'telegram', config });
  });
});

describe('a channel that is stopped', () => {
  it('is not claimed for what waits: nothing is written while nothing can be sent', async () => {
    await using fixture = await NotifierFixture.start();
    await using webhook = await WebhookReceiver.start();
    const { id } = await fixture.webhook(webhook.url);
    await fixture.database.query("update deliveries.channel set stopped_reason = 'refused', version = version + 1");
    await fixture.takeIn((await fixture.warned()).event);
    const gates = (): Promise<unknown[]> => fixture.database.query('select * from deliveries.gate');
    const before = await gates();
    // A test passes all the same, and mends the channel: what waited goes.
    await sendTest(fixture.database, { id, name: 'hook' });
    expect(await fixture.settled()).toEqual({ delivered: 2 });
    expect(before).toEqual([]);
  });
});
