import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type {
  AgentView,
  ChannelView,
  CloudEvent,
  DeliveryView,
  List,
  Problem,
  SessionWithToken,
  WhyView,
} from '#libs/contracts';
import { loadConfig, type RunningService } from '#libs/platform';
import {
  createTestDatabase,
  SmtpReceiver,
  startTestNats,
  TelegramStandIn,
  type TestDatabase,
  testLogger,
  type TestNats,
  until,
  WebhookReceiver,
} from '#libs/testing';
import { startApi } from '../../../apps/api/src/start-api.js';
import { startNotifier } from '../../../apps/notifier/src/start-notifier.js';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';

describe('alerts over HTTP, from the renewal to three channels', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let services: RunningService[];
  let webhook: WebhookReceiver;
  let smtp: SmtpReceiver;
  let telegram: TelegramStandIn;
  let owner: Record<string, string>;
  const channels: Record<string, ChannelView & { secret?: string }> = {};

  beforeAll(async () => {
    [database, nats] = [await createTestDatabase(), await startTestNats()];
    [webhook, smtp, telegram] = [
      await WebhookReceiver.start(),
      await SmtpReceiver.start(),
      await TelegramStandIn.start(),
    ];
    const dataDir = mkdtempSync(join(tmpdir(), 'notifier-http-'));
    const config = loadConfig({
      LEDGER_DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      LEDGER_PORT: '0',
      LEDGER_MIN_TTL: '1',
      LEDGER_SWEEP_INTERVAL: '0.1',
      LEDGER_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    });
    const context = { config, logger: testLogger('test') };
    services = [await startSequencer(context), await startApi(context), await startNotifier(context)];
    owner = { 'x-master-password': readFileSync(join(dataDir, 'owner-key'), 'utf8').trim() };
  });
  afterAll(async () => {
    for (const service of services.reverse()) await service.close();
    for (const receiver of [webhook, smtp, telegram]) await receiver[Symbol.asyncDispose]();
    await nats[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  async function call<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = owner,
  ): Promise<{ status: number; body: T }> {
    const response = await fetch(services[1]!.url + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text ? JSON.parse(text) : null) as T };
  }

  it('takes channels, shows a made secret once and no other, and refuses what it must not reach', async () => {
    const configs = {
      webhook: { url: webhook.url },
      email: { smtpUrl: smtp.url, from: 'ledger@example.test', to: 'owner@example.test' },
      telegram: { botToken: `7000000001:${'A'.repeat(35)}`, chatId: 4711, apiRoot: telegram.apiRoot },
    };
    for (const [type, config] of Object.entries(configs)) {
      const made = await call<ChannelView & { secret?: string }>('POST', '/v1/channels', { type, name: type, config });
      expect(made.status).toBe(201);
      channels[type] = made.body;
    }
    expect(channels['webhook']!.secret).toMatch(/^whsec_/);
    const listed = await call<List<ChannelView>>('GET', '/v1/channels');
    expect(listed.body.items.map(({ name }) => name).sort()).toEqual(['email', 'telegram', 'webhook']);
    expect(JSON.stringify(listed.body)).not.toMatch(/whsec_|AAAA|smtp:/);

    const refused = [
      ['http://169.254.169.254/latest', /not a public address/],
      ['https://user:secret@example.com/', /credentials/],
      ['https://10.0.0.7/', /not a public address/],
      ['ftp://example.com/', /wrong/],
    ] as const;
    for (const [url, problem] of refused) {
      const answer = await call<Problem>('POST', '/v1/channels', { type: 'webhook', name: url, config: { url } });
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(problem)]);
    }
    const taken = await call<Problem>('POST', '/v1/channels', {
      type: 'webhook',
      name: 'webhook',
      config: configs.webhook,
    });
    expect(taken.body.code).toBe('NAME_TAKEN');
    const sealed = await databaseText();
    expect(sealed).not.toMatch(/whsec_|AAAAAAAA/);
  });

  it('tests a channel through the real path', async () => {
    for (const type of ['webhook', 'email', 'telegram']) {
      const test = await call<DeliveryView>('POST', `/v1/channels/${channels[type]!.id}/test`);
      expect([type, test.status, test.body.status]).toEqual([type, 200, 'delivered']);
      expect(test.body.attempts).toHaveLength(1);
    }
    expect(telegram.messages[0]!.text).toContain('This channel works');
    expect(smtp.received[0]!.mail.subject).toContain('This channel works');
  });

  it('announces a session whose renewals run out, once, everywhere, and can say why', async () => {
    const before = [webhook.received.length, smtp.received.length, telegram.messages.length];
    const agent = await call<AgentView>('POST', '/v1/agents', { name: 'courier' });
    const session = await call<SessionWithToken>('POST', '/v1/sessions', {
      agentId: agent.body.id,
      // Far longer than this file: its end must be no news among the messages of the later cases.
      expiresIn: 3600,
      maxRenewals: 3,
    });
    await expireHalf(session.body.id);
    const renewed = await call<SessionWithToken>('PUT', `/v1/sessions/${session.body.id}/renew`, undefined, {
      authorization: `Bearer ${session.body.token}`,
    });
    expect(renewed.status).toBe(200);
    const soon = ({ body }: { body: string }): boolean =>
      body.includes('expiring_soon') && body.includes(session.body.id);
    await until(
      () =>
        webhook.received.some(soon) &&
        smtp.received.some(({ mail }) => mail.subject === '[Session Ledger] The session of courier expires soon') &&
        telegram.messages.some(({ text }) => text.includes('expires soon') && text.includes(session.body.id)),
      { describe: 'the alert on three channels' },
    );
    expect(webhook.received.slice(before[0]).filter(soon)).toHaveLength(1);
    const alert = webhook.received.find(soon)!;
    const verified = new Webhook(channels['webhook']!.secret!).verify(
      alert.body,
      alert.headers as Record<string, string>,
    ) as CloudEvent;
    expect(verified.data).toMatchObject({
      causes: expect.arrayContaining(['renewals']),
      remainingRenewals: 2,
      trigger: 'renewed',
    });

    const deliveries = await until(
      async () => {
        const { items } = (await call<List<DeliveryView>>('GET', `/v1/deliveries?eventId=${verified.id}`)).body;
        return items.length === 3 && items.every(({ status }) => status === 'delivered') ? items : null;
      },
      { describe: 'three deliveries on record' },
    );
    const why = await call<WhyView>('GET', `/v1/notifications/${deliveries[0]!.notificationId}/why`);
    expect(why.body.event.leaf).toBe(verified.leaf);
    expect(why.body.rule?.causes).toContain('renewals');
    expect(why.body.sentence).toMatch(/2 renewals were left/);
  });

  it('pages deliveries both ways, and sends again what was given up', async () => {
    const first = await call<List<DeliveryView>>('GET', '/v1/deliveries?limit=2');
    const second = await call<List<DeliveryView>>('GET', `/v1/deliveries?limit=2&cursor=${first.body.nextCursor}`);
    const back = await call<List<DeliveryView>>('GET', `/v1/deliveries?limit=2&cursor=${second.body.prevCursor}`);
    expect([first.body.items.length, second.body.items.length]).toEqual([2, 2]);
    expect(second.body.items[0]!.id < first.body.items[1]!.id).toBe(true);
    expect(back.body.items).toEqual(first.body.items);

    // By itself it is not tried again for some seconds.
    webhook.respond(() => ({ status: 503, headers: { 'retry-after': '8' } }));
    const test = await call<DeliveryView>('POST', `/v1/channels/${channels['webhook']!.id}/test`);
    expect(test.body.status).toBe('retry');
    webhook.respond(() => ({}));
    const again = await call<DeliveryView>('POST', `/v1/deliveries/${test.body.id}/redeliver`);
    expect(again.status).toBe(200);
    const done = await until(
      async () => {
        const { body } = await call<DeliveryView>('GET', `/v1/deliveries/${test.body.id}`);
        return body.status === 'delivered' ? body : null;
      },
      { describe: 'the redelivery' },
    );
    expect(done.attempts.length).toBeGreaterThanOrEqual(2);
    const arrived = await call<Problem>('POST', `/v1/deliveries/${test.body.id}/redeliver`);
    expect(arrived.status).toBe(400);
  });

  it('rotates a webhook’s secret, turns a channel off, and tells of a deleted one that had alerts waiting', async () => {
    const { id } = channels['webhook']!;
    const rotated = await call<{ secret: string }>('POST', `/v1/channels/${id}/rotate-secret`);
    expect(rotated.body.secret).not.toBe(channels['webhook']!.secret);
    await call('POST', `/v1/channels/${id}/test`);
    const { body, headers } = webhook.received.at(-1)!;
    for (const secret of [rotated.body.secret, channels['webhook']!.secret!]) {
      new Webhook(secret).verify(body, headers as Record<string, string>);
    }
    webhook.respond(() => ({ status: 503, headers: { 'retry-after': '600' } }));
    expect((await call<DeliveryView>('POST', `/v1/channels/${id}/test`)).body.status).toBe('retry');
    await call('PATCH', `/v1/channels/${id}`, { enabled: false });
    const off = await redeliveryOn(id);
    expect([off.status, off.body.detail]).toEqual([
      400,
      expect.stringMatching(/^Channel "webhook" is off\. .*sledger channel change "webhook" --on/),
    ]);
    await call('PATCH', `/v1/channels/${id}`, { enabled: true });
    expect((await redeliveryOn(id)).status).toBe(200);
    await until(async () => (await newestOn(id)).attempts.length === 2 && (await newestOn(id)).status === 'retry', {
      describe: 'the redelivery to fail as well',
    });
    expect((await call('DELETE', `/v1/channels/${id}`)).status).toBe(204);
    expect((await call('GET', `/v1/channels/${id}`)).status).toBe(404);
    await until(() => smtp.received.some(({ mail }) => /deleted while 1 alert was waiting/.test(mail.text ?? '')), {
      describe: 'the mail about the deleted channel',
    });
    const gone = await redeliveryOn(id);
    expect([gone.status, gone.body.detail]).toEqual([400, expect.stringMatching(/^Channel "webhook" was deleted: /)]);
    const mail = await call<ChannelView>('PATCH', `/v1/channels/${channels['email']!.id}`, { enabled: false });
    expect(mail.body.enabled).toBe(false);
  });

  async function newestOn(channelId: string): Promise<DeliveryView> {
    return (await call<List<DeliveryView>>('GET', `/v1/deliveries?channelId=${channelId}&limit=1`)).body.items[0]!;
  }

  async function redeliveryOn(channelId: string): Promise<{ status: number; body: Problem }> {
    return call<Problem>('POST', `/v1/deliveries/${(await newestOn(channelId)).id}/redeliver`);
  }

  async function databaseText(): Promise<string> {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ row: string }>(
      "select coalesce(encode(config, 'escape'), '') || c::text as row from deliveries.channel c",
    );
    await client.end();
    return rows.map(({ row }) => row).join('\n');
  }

  /** Half of the TTL passes: what is asked of time is asked of the head. */
  async function expireHalf(sessionId: string): Promise<void> {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('update ledger.session_head set issued_at = issued_at - 1810 where session_id = $1', [
      sessionId,
    ]);
    await client.end();
  }
});
