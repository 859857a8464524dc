import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { claimableChannels, claimMessages, newWebhookSecret, type ClaimableChannel } from '#libs/deliveries';
import { createLogger, createMetrics } from '#libs/platform';
import { until, WebhookReceiver } from '#libs/testing';
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
    const logger = createLogger({ service: 'notifier', level: 'silent' });
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
    await fixture.channels.update(seen.channel.id, {}, { type: 'webhook', config: { url: webhook.url, secret: next } });
    await fixture.takeIn((await fixture.warned()).event);
    claimer.kick();
    await until(() => webhook.received.length === 2, { describe: 'the message after the rotation' });
    const { body, headers } = webhook.received[1]!;
    new Webhook(next).verify(body, headers as Record<string, string>);
    expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).toThrow();
  });

  it('claims nothing for the channel as it was, and says that it is outdated', async () => {
    await fixture.takeIn((await fixture.warned()).event);
    await fixture.channels.update(seen.channel.id, { events: ['SessionRevoked'] });
    const claim = await claimMessages(fixture.database, {
      channel: seen.channel,
      slots: 10,
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
