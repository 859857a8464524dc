import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { BY_OWNER, RawServer, SmtpReceiver, Standstill, startProcess, until, WebhookReceiver } from '#libs/testing';
import { startDeafServer } from './deaf-server.js';
import type { Order } from './killed-notifier.js';
import { NotifierFixture } from './notifier-fixture.js';
import { selfSignedCertificate } from './test-certificates.js';

const MEGABYTE = 1024 * 1024;
const DRIP_MS = 200;
const DIST = join(import.meta.dirname, '..', '..', '..', 'dist/test/faults/notifier');

describe('a webhook', () => {
  let fixture: NotifierFixture;
  let webhook: WebhookReceiver;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    webhook = await WebhookReceiver.start();
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    await webhook[Symbol.asyncDispose]();
  });

  const outcomes = async (): Promise<unknown[]> =>
    (await fixture.attempts()).map(({ outcome, reason }) => [outcome, reason]);

  it('W1: that answers 500 twice gets the alert at the third attempt, with the same id and a fresh signature', async () => {
    fixture.holdRetries();
    webhook.respond((_, earlier) => ({ status: earlier < 2 ? 500 : 200 }));
    const { secret } = await fixture.webhook(webhook.url);
    await fixture.takeIn((await fixture.warned()).event);
    for (let seen = 1; seen <= 2; seen++) {
      await until(async () => (await outcomes()).length === seen && (await fixture.statuses())['retry'] === 1, {
        describe: `attempt ${seen}`,
      });
      await fixture.hurry();
    }
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect(await outcomes()).toEqual([
      ['failed', 'http_5xx'],
      ['failed', 'http_5xx'],
      ['delivered', null],
    ]);
    expect(new Set(webhook.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    for (const { body, headers } of webhook.received) {
      new Webhook(secret).verify(body, headers as Record<string, string>);
    }
  });

  it.each([
    ['7', 7],
    ['a date in 60 s', 60],
    ['-1', null],
    ['1e9', null],
    ['soon', null],
    ['1000000000', 3600],
  ])('W2: a 429 with Retry-After %s is heeded within the budget', async (header, seconds) => {
    // Where nothing is asked for, it must not come by itself before it was looked at.
    if (seconds === null) fixture.holdRetries();
    const asked = (): string => (header === 'a date in 60 s' ? new Date(Date.now() + 60_000).toUTCString() : header);
    webhook.respond(() => ({ status: 429, headers: { 'retry-after': asked() } }));
    const { id } = await fixture.webhook(webhook.url);
    await fixture.takeIn((await fixture.warned()).event);
    await until(async () => (await outcomes()).length === 1 && (await fixture.statuses())['retry'] === 1, {
      describe: 'the refusal',
    });
    // From the refusal on, however late this looks.
    const [row] = await fixture.database.query<{ pause: number | null; rest: number; next: number; left: number }>(
      `select extract(epoch from c.paused_until - a.ended_at)::float8 as pause,
         extract(epoch from c.paused_until - clock_timestamp())::float8 as rest,
         extract(epoch from d.next_attempt_at - a.ended_at)::float8 as next,
         extract(epoch from d.deadline - a.ended_at)::float8 as left
       from deliveries.delivery d join deliveries.channel c using (channel_id) join deliveries.attempt a using (delivery_id)
       where c.channel_id = $1`,
      [id],
    );
    expect(row!.next).toBeLessThan(row!.left);
    if (seconds === null) expect(row!.pause).toBeNull();
    else {
      // A date comes nearer on the way.
      const least = seconds - (header === 'a date in 60 s' ? 6 : 0.1);
      expect(row!.pause).toBeGreaterThan(least);
      expect(row!.rest).toBeLessThanOrEqual(seconds);
      expect(row!.next).toBeGreaterThan(Math.min(least, row!.left / 2 - 6));
    }
    expect(webhook.received).toHaveLength(1);
  });

  it('W2: a 429 with Retry-After as seconds or as a date is followed by nothing before that time, whatever else is due', async () => {
    await using dated = await WebhookReceiver.start();
    webhook.respond((_, earlier) => (earlier === 0 ? { status: 429, headers: { 'retry-after': '7' } } : {}));
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 9000);
    dated.respond((_, earlier) =>
      earlier === 0 ? { status: 429, headers: { 'retry-after': date.toUTCString() } } : {},
    );
    await fixture.webhook(webhook.url);
    await fixture.webhook(dated.url);
    await fixture.takeIn((await fixture.warned()).event);
    const refusals = async () => (await outcomes()).filter((outcome) => String(outcome) === 'failed,rate_limited');
    await until(async () => (await refusals()).length === 2, { describe: 'both refusals' });
    // A new alert must wait as well: the whole endpoint said that it is too much.
    await fixture.takeIn((await fixture.warned()).event);
    expect(await fixture.settled()).toEqual({ delivered: 4 });
    const [refused, ...later] = webhook.received.map(({ receivedAt }) => receivedAt);
    expect(later).toHaveLength(2);
    for (const at of later) expect(at - refused!).toBeGreaterThanOrEqual(6900);
    expect(dated.received).toHaveLength(3);
    for (const { receivedAt } of dated.received.slice(1))
      expect(receivedAt).toBeGreaterThanOrEqual(date.getTime() - 100);
  });

  it('W2: a Retry-After beyond the deadline is cut to the time that is left: it is still tried before the end', async () => {
    webhook.respond((_, earlier) => (earlier === 0 ? { status: 429, headers: { 'retry-after': '1000000000' } } : {}));
    await fixture.webhook(webhook.url);
    const session = await fixture.warnedSession();
    const endsAt = Date.now() + 16_000;
    await fixture.takeIn(fixture.expiringSoon(session, { endsAt: new Date(endsAt).toISOString() }));
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    const [first, second] = webhook.received.map(({ receivedAt }) => receivedAt);
    expect(second! - first!).toBeGreaterThan(3000);
    expect(second!).toBeLessThan(endsAt);
  });

  it('W3: a connection that is never accepted, dripped headers and a dripped body are cut after 3, 10 and 15 s, and the slot is free', async () => {
    using standstill = new Standstill();
    const again: string[] = [];
    await using dripsHeaders = await startDrippingServer('HTTP/1.1 500 No\r\n', 'x-a: b\r\n', () =>
      again.push('headers'),
    );
    await using dripsBody = await startDrippingServer(
      'HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n',
      '1\r\nx\r\n',
      () => again.push('body'),
    );
    await using deaf = await startDeafServer();
    const cases = [
      { port: deaf.port, atMost: 3, outcome: 'failed timeout' },
      { port: dripsHeaders.port, atMost: 10, outcome: 'unknown timeout' },
      { port: dripsBody.port, atMost: 15, outcome: 'failed http_5xx' },
    ];
    const channels: string[] = [];
    for (const { port } of cases) channels.push((await fixture.webhook(`http://127.0.0.1:${port}/`)).id);
    await fixture.takeIn((await fixture.warned()).event);
    const ends = async (): Promise<{ channel_id: string; took: number; outcome: string }[]> =>
      fixture.database.query(
        `select d.channel_id, extract(epoch from a.ended_at - a.started_at)::float8 as took,
           concat_ws(' ', a.outcome, a.reason) as outcome
         from deliveries.attempt a join deliveries.delivery d using (delivery_id)
         where a.number = 1 and a.ended_at is not null`,
      );
    const ended = await until(async () => ((await ends()).length === 3 ? ends() : null), {
      describe: 'three attempts to be cut',
    });
    for (const [index, { atMost, outcome }] of cases.entries()) {
      const attempt = ended.find(({ channel_id }) => channel_id === channels[index])!;
      expect(attempt.outcome).toBe(outcome);
      expect(attempt.took).toBeGreaterThan(atMost - 0.5);
      // Less than the next longer limit, and room for a disk that keeps the record waiting.
      expect(attempt.took - standstill.ms / 1000).toBeLessThan(atMost + 4);
    }
    // The slots are free: both get their second try, and nothing is left of the first one.
    await fixture.hurry();
    await until(() => again.length >= 2, { describe: 'the next attempts' });
    await until(() => dripsHeaders.sockets.size + dripsBody.sockets.size === 0, {
      describe: 'the sockets to be closed',
    });
    expect(again.sort()).toEqual(['body', 'headers']);
  });

  it('W4: that answers 300 MB or a gzip bomb is read for 64 KiB at most, and costs less than 20 MB', async () => {
    await fixture.notifier.close();
    // Megabytes, of each connection: the failure is tried again.
    const floods: { written: number }[] = [];
    const chunk = Buffer.alloc(MEGABYTE, 97);
    const flooded = { status: 200 };
    await using flood = await RawServer.start((socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 ${flooded.status} OK\r\ncontent-length: 314572800\r\n\r\n`);
        const sent = { written: 0 };
        floods.push(sent);
        const pump = (): void => {
          while (sent.written < 300 && !socket.destroyed) {
            sent.written += 1;
            if (!socket.write(chunk)) return void socket.once('drain', pump);
          }
        };
        pump();
      });
    });
    const bomb = gzipSync(Buffer.alloc(300 * MEGABYTE));
    await using gzip = await RawServer.start((socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
        socket.write(bomb);
      });
    });
    const { id } = await fixture.webhook(webhook.url);
    // A process of its own: its memory is the notifier's alone.
    await using other = await startProcess(process.execPath, {
      args: ['--expose-gc', join(DIST, 'killed-notifier.js')],
      env: { DATABASE_URL: fixture.testDatabase.url },
    });
    await other.waitFor(/ready/);
    const order = (what: Order): void => void other.child.stdin.write(`${JSON.stringify(what)}\n`);
    order({ do: 'start' });
    const session = await fixture.warnedSession();
    const warmUp = Array.from({ length: 400 }, () => fixture.expiringSoon(session));
    order({ do: 'take', events: warmUp });
    await until(() => webhook.received.length === warmUp.length, { describe: 'the process to be warm' });
    await fixture.settled();
    await fixture.channels.delete(id, BY_OWNER);
    const memory = async (n: number): Promise<number> => {
      order({ do: 'measure' });
      await until(() => other.stdout.split('rss ').length > n, { describe: 'its memory' });
      return Number(/(\d+)/.exec(other.stdout.split('rss ')[n]!)![1]);
    };
    const before = await memory(1);
    for (const status of [200, 500]) {
      flooded.status = status;
      await fixture.webhook(`http://127.0.0.1:${flood.port}/?${status}`);
    }
    await fixture.webhook(`http://127.0.0.1:${gzip.port}/`);
    order({ do: 'take', events: [(await fixture.warned()).event] });
    await until(async () => (await fixture.attempts()).filter(({ outcome }) => outcome !== null).length >= 403, {
      describe: 'the three attempts',
    });
    await until(() => flood.sockets.size === 0, { describe: 'the flood to be cut' });
    expect((await memory(2)) - before).toBeLessThan(20 * MEGABYTE);
    // What was written and not read lies in the kernel: up to 36 MB of a connection.
    expect(floods.length).toBeGreaterThanOrEqual(2);
    for (const { written } of floods) expect(written).toBeLessThan(100);
  });

  it.each([
    [301, 'http'],
    [302, 'https'],
    [307, 'http'],
    [308, 'https'],
  ])('W5: a %i to %s is not followed, and counts as a failure', async (status, protocol) => {
    fixture.holdRetries();
    await using elsewhere = await RawServer.start((socket) => socket.resume());
    webhook.respond(() => ({ status, headers: { location: `${protocol}://127.0.0.1:${elsewhere.port}/` } }));
    await fixture.webhook(webhook.url);
    await fixture.takeIn((await fixture.warned()).event);
    await until(async () => (await fixture.statuses())['retry'] === 1, { describe: 'the failure' });
    expect(await outcomes()).toEqual([['failed', 'redirect']]);
    expect(elsewhere.connections).toBe(0);
  });

  it('W6: with a certificate that nobody vouches for is not spoken to, and the owner is told elsewhere', async () => {
    fixture.holdRetries();
    await using mail = await SmtpReceiver.start();
    await using secured = await WebhookReceiver.start(selfSignedCertificate('127.0.0.1'));
    await fixture.webhook(secured.url, { minLevel: 'WARNING' });
    await fixture.email(mail.url, { events: ['SessionRevoked'] });
    await fixture.takeIn((await fixture.warned()).event);
    for (let seen = 1; seen <= 5; seen++) {
      await until(async () => (await outcomes()).length >= seen, { describe: `attempt ${seen}` });
      await until(async () => (await fixture.statuses())['retry'] === 1, { describe: 'its record' });
      if (seen < 5) await fixture.hurry();
    }
    await until(() => mail.received.length === 1, { describe: 'the mail about the channel' });
    expect(mail.received[0]!.mail.text).toMatch(/certificate or TLS is not accepted/);
    expect((await outcomes())[0]).toEqual(['failed', 'tls']);
    expect(secured.received).toEqual([]);
  });

  it('W8: that answers 410 is turned off, what is queued for it stops, and the owner is told elsewhere', async () => {
    await using mail = await SmtpReceiver.start();
    webhook.respond(() => ({ status: 410 }));
    const { id } = await fixture.webhook(webhook.url);
    await fixture.email(mail.url, { events: ['SessionRevoked'] });
    await fixture.takeIn((await fixture.warned()).event);
    await until(() => mail.received.length === 1, { describe: 'the mail about the channel' });
    expect(mail.received[0]!.mail.text).toMatch(/the receiver is gone/);
    expect((await fixture.channels.get(id)).enabled).toBe(false);
    await fixture.takeIn((await fixture.warned()).event);
    expect(await fixture.settled()).toEqual({ suppressed: 1, delivered: 1 });
    expect(webhook.received).toHaveLength(1);
  });

  it('W8: that only fails for 120 hours is turned off likewise, and that is told although its failures were told just now', async () => {
    await using mail = await SmtpReceiver.start();
    webhook.respond(() => ({ status: 500 }));
    const { id } = await fixture.webhook(webhook.url);
    await fixture.email(mail.url, { events: ['SessionRevoked'] });
    await fixture.database.query(
      `update deliveries.channel set failures = 4, failing_since = clock_timestamp() - interval '121 hours',
         told_at = clock_timestamp() where channel_id = $1`,
      [id],
    );
    await fixture.takeIn((await fixture.warned()).event);
    await until(() => mail.received.length === 1, { describe: 'the mail about the channel' });
    expect(mail.received[0]!.mail.text).toMatch(/120 hours[\s\S]*It was turned off/);
    const { enabled, stoppedReason } = await fixture.channels.get(id);
    expect([enabled, stoppedReason]).toEqual([false, expect.stringMatching(/120 hours/)]);
  });

  it('W9: whose secret is rotated between two attempts gets both signatures, and once the old one’s time is over the new one’s alone', async () => {
    fixture.holdRetries();
    webhook.respond((_, earlier) => ({ status: earlier === 0 ? 500 : 204 }));
    const { id, secret } = await fixture.webhook(webhook.url);
    await fixture.takeIn((await fixture.warned()).event);
    await until(async () => (await fixture.statuses())['retry'] === 1, { describe: 'the first attempt to fail' });
    const next = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjU';
    const config = { url: webhook.url, secret: next, previous: { secret, until: Date.now() + 86_400_000 } };
    await fixture.channels.update(id, {}, BY_OWNER, { type: 'webhook', config });
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    const [before, during] = webhook.received.map(({ headers }) => headers as Record<string, string>);
    const { body } = webhook.received[1]!;
    expect(during!['webhook-id']).toBe(before!['webhook-id']);
    new Webhook(secret).verify(body, before!);
    expect(() => new Webhook(next).verify(body, before!)).toThrow();
    for (const each of [secret, next]) new Webhook(each).verify(body, during!);

    config.previous.until = Date.now() - 1000;
    await fixture.channels.update(id, {}, BY_OWNER, { type: 'webhook', config });
    await fixture.takeIn((await fixture.warned()).event);
    await until(() => webhook.received.length === 3, { describe: 'the second alert' });
    const later = webhook.received[2]!;
    new Webhook(next).verify(later.body, later.headers as Record<string, string>);
    expect(() => new Webhook(secret).verify(later.body, later.headers as Record<string, string>)).toThrow();
  });
});

/** Its first answer begins and never ends; the later ones are good. */
function startDrippingServer(begin: string, drop: string, onAnswered: () => void): Promise<RawServer> {
  let isFirst = true;
  return RawServer.start((socket) => {
    if (!isFirst) {
      let request = '';
      socket.on('data', (data) => {
        request += data.toString();
        if (!request.endsWith('}')) return;
        onAnswered();
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      });
      return;
    }
    isFirst = false;
    socket.write(begin);
    const timer = setInterval(() => socket.write(drop), DRIP_MS);
    socket.once('close', () => clearInterval(timer));
  });
}
