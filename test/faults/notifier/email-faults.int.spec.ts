import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CloudEvent } from '#libs/contracts';
import { BY_OWNER, RawServer, SmtpReceiver, Standstill, until, WebhookReceiver, type SmtpRefusal } from '#libs/testing';
import { EmailSender } from '../../../apps/notifier/src/email/email-sender.js';
import { NotifierFixture } from './notifier-fixture.js';

/** How long a stalled server is waited for where the owner's URL says it; 20 s where it does not. Longer than a busy machine stands. */
const SILENCE_MS = 6000;

describe('an email channel', () => {
  let fixture: NotifierFixture;
  let smtp: SmtpReceiver;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    smtp = await SmtpReceiver.start();
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    await smtp[Symbol.asyncDispose]();
  });

  const outcomes = async (): Promise<unknown[]> =>
    (await fixture.attempts()).map(({ outcome, reason }) => [outcome, reason]);
  const ended = (count: number): Promise<unknown> =>
    until(async () => (await fixture.attempts()).filter(({ outcome }) => outcome !== null).length >= count, {
      describe: `${count} attempts to end`,
    });
  const messageIds = (): Set<string | undefined> => new Set(smtp.received.map(({ mail }) => mail.messageId));

  it('carries a stable id, a thread for the session, and says that a machine wrote it', async () => {
    await fixture.email(smtp.url);
    const { session, event } = await fixture.warned({ agentName: 'trader <b>&"’😀' });
    await fixture.takeIn(event);
    await fixture.settled();
    const { mail, raw } = smtp.received[0]!;
    expect(mail.messageId).toMatch(/^<ntf\.[0-9a-f-]{36}@example\.test>$/);
    expect(mail.inReplyTo).toBe(`<session.${session.sessionId}@example.test>`);
    expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(mail.text).toContain('trader <b>&"’😀');
    expect(mail.html).toContain('trader &#60;b&#62;&#38;&#34;’😀');
    expect(mail.html).not.toContain('<b>');
    expect(mail.html).not.toMatch(/<a |href|<img|src=/);
  });

  it('S1: greylisted twice is tried again and arrives with the same Message-ID', async () => {
    fixture.holdRetries();
    smtp.refuse((_, earlier) => (earlier < 2 ? { code: 451, message: 'Greylisted, come back later' } : undefined));
    await fixture.email(smtp.url);
    await fixture.takeIn((await fixture.warned()).event);
    for (const attempt of [1, 2]) {
      await ended(attempt);
      await until(async () => (await fixture.statuses())['retry'] === 1, { describe: 'the retry' });
      await fixture.hurry();
    }
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect(await outcomes()).toEqual([
      ['failed', 'rate_limited'],
      ['failed', 'rate_limited'],
      ['delivered', null],
    ]);
    expect(smtp.received).toHaveLength(1);
  });

  it('S2: a 550 ends it at once, and the owner is told elsewhere', async () => {
    await using webhook = await WebhookReceiver.start();
    smtp.refuse(() => ({ code: 550, message: 'No such user' }));
    await fixture.email(smtp.url);
    await fixture.webhook(webhook.url, { events: ['SessionRevoked'] });
    await fixture.takeIn((await fixture.warned()).event);
    expect(await fixture.settled()).toEqual({ dead: 1, delivered: 1 });
    expect(await outcomes()).toContainEqual(['failed', 'rejected']);
    expect(webhook.received[0]!.body).toMatch(/ledger\.channel\.trouble\.v1.*No such user/);
  });

  it('S2: a 452 after the text is a refusal, so it is safe to try again', async () => {
    fixture.holdRetries();
    smtp.refuseMessage((earlier) => (earlier === 0 ? { code: 452, message: 'Disk full' } : undefined));
    await fixture.email(smtp.url);
    await fixture.takeIn((await fixture.warned()).event);
    await ended(1);
    await until(async () => (await fixture.statuses())['retry'] === 1, { describe: 'the retry' });
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect((await outcomes())[0]).toEqual(['failed', 'rate_limited']);
  });

  it.each(['in place of a greeting', 'for the recipient', 'after the text'])(
    'S2: a 421 %s, with which the server hangs up, is tried again over a new connection',
    async (where) => {
      fixture.holdRetries();
      const busy = { code: 421, message: 'Too busy, come back later' };
      const once = (earlier: number): SmtpRefusal | undefined => (earlier === 0 ? busy : undefined);
      if (where === 'in place of a greeting') smtp.refuseConnection(once);
      else if (where === 'for the recipient') smtp.refuse((_, earlier) => once(earlier));
      else smtp.refuseMessage(once);
      await fixture.email(smtp.url);
      await fixture.takeIn((await fixture.warned()).event);
      await ended(1);
      await until(async () => (await fixture.statuses())['retry'] === 1, { describe: 'the retry' });
      await fixture.hurry();
      expect(await fixture.settled()).toEqual({ delivered: 1 });
      expect(await outcomes()).toEqual([
        ['failed', 'rate_limited'],
        ['delivered', null],
      ]);
      expect((await fixture.attempts())[0]!.detail).toContain('421');
      expect(smtp.connectionCount).toBe(2);
      expect(smtp.received).toHaveLength(where === 'after the text' ? 2 : 1);
      expect(messageIds().size).toBe(1);
    },
  );

  it('S2: refused credentials stop the channel and are told elsewhere; new ones send what waited', async () => {
    await using webhook = await WebhookReceiver.start();
    const id = await fixture.email(smtp.url.replace('//', '//user:wrong@'));
    await fixture.webhook(webhook.url, { events: ['SessionRevoked'] });
    await fixture.takeIn((await fixture.warned()).event);
    await until(() => webhook.received.length === 1, { describe: 'the news about the channel' });
    expect(webhook.received[0]!.body).toContain('Give it valid credentials');
    expect(webhook.received[0]!.body).not.toContain('wrong');
    expect(await outcomes()).toContainEqual(['failed', 'credentials']);
    await fixture.hurry();
    await fixture.channels.update(id, {}, BY_OWNER, {
      type: 'email',
      config: { smtpUrl: smtp.url, from: 'ledger@example.test', to: 'owner@example.test' },
    });
    expect(await fixture.settled()).toEqual({ delivered: 2 });
  });

  it.each(['drop', 'stall'] as const)(
    'S3: a %s after the text may have arrived: sent once more with the same id',
    async (end) => {
      fixture.holdRetries();
      smtp.refuseMessage((earlier) => (earlier === 0 ? end : undefined));
      await fixture.email(smtp.url);
      await fixture.takeIn((await fixture.warned()).event);
      await ended(1);
      expect((await outcomes())[0]).toEqual(['unknown', 'connection_lost']);
      await until(async () => (await fixture.statuses())['unknown'] === 1, { describe: 'the unknown state' });
      await fixture.hurry();
      expect(await fixture.settled()).toEqual({ delivered: 1 });
      expect(smtp.received).toHaveLength(2);
      expect(messageIds().size).toBe(1);
    },
  );

  it.each(['drop', 'stall'] as const)(
    'S3: a %s after the text, twice, is given up and told elsewhere: nobody gets a third copy',
    async (end) => {
      fixture.holdRetries();
      await using webhook = await WebhookReceiver.start();
      smtp.refuseMessage(() => end);
      await fixture.email(end === 'stall' ? `${smtp.url}?socketTimeout=${SILENCE_MS}` : smtp.url);
      await fixture.webhook(webhook.url, { events: ['SessionRevoked'] });
      await fixture.takeIn((await fixture.warned()).event);
      await ended(1);
      await until(async () => (await fixture.statuses())['unknown'] === 1, { describe: 'the unknown state' });
      await fixture.hurry();
      expect(await fixture.settled()).toEqual({ dead: 1, delivered: 1 });
      expect((await outcomes()).slice(0, 2)).toEqual([
        ['unknown', 'connection_lost'],
        ['unknown', 'connection_lost'],
      ]);
      expect(smtp.received).toHaveLength(2);
      expect(messageIds().size).toBe(1);
      expect(webhook.received.map(({ body }) => (JSON.parse(body) as CloudEvent).type)).toEqual([
        'ledger.channel.trouble.v1',
      ]);
      expect(webhook.received[0]!.body).toContain('it may have arrived');
    },
  );

  it('S4: a server that does not greet is left after 5 s, and one without the TLS that is asked for is refused', async () => {
    await using silent = await RawServer.start((socket) => socket.resume());
    await fixture.email(`smtp://127.0.0.1:${silent.port}`);
    await fixture.email(`${smtp.url}?requireTLS=true`);
    using standstill = new Standstill();
    const started = performance.now();
    await fixture.takeIn((await fixture.warned()).event);
    await until(async () => (await outcomes()).some((outcome) => String(outcome) === 'failed,timeout'), {
      describe: 'the silent server to be left',
    });
    // Not after the 20 s that a server is waited for which has greeted.
    expect(performance.now() - started - standstill.ms).toBeLessThan(12_000);
    expect(await outcomes()).toEqual(
      expect.arrayContaining([
        ['failed', 'timeout'],
        ['failed', 'tls'],
      ]),
    );
    const details = (await fixture.attempts()).map(({ detail }) => detail);
    expect(details).toContainEqual(expect.stringContaining('add ?requireTLS=false to the URL'));
    expect(smtp.received).toHaveLength(0);
  });

  it.each([
    { where: 'before the text', speaks: 0, wholeMs: 1_000, outcome: ['failed', 'timeout'] },
    // Time enough for the dialogue up to there, also where the machine stands for a moment.
    { where: 'after the text', speaks: 5, wholeMs: 4_000, outcome: ['unknown', 'connection_lost'] },
  ])('S4: a server that drips its answer $where is left at the end of the time for the whole', async (drip) => {
    await using server = await RawServer.start((socket) => dripAfter(socket, drip.speaks));
    const config = { smtpUrl: `smtp://127.0.0.1:${server.port}`, from: 'a@example.test', to: 'b@example.test' };
    const sender = new EmailSender(config, 'en', 'channel', drip.wholeMs);
    const { event } = await fixture.warned();
    using standstill = new Standstill();
    const started = performance.now();
    const outcome = await sender.send(fixture.claimedMessage(event, sender));
    expect([outcome.kind, outcome.kind !== 'delivered' && outcome.reason]).toEqual(drip.outcome);
    expect(performance.now() - started - standstill.ms).toBeLessThan(drip.wholeMs + 4_000);
    await until(() => server.sockets.size === 0, { describe: 'the connection to be gone' });
    await sender.close();
  });
});

/** Answers so many lines of an SMTP dialogue as it should, then one byte after the other of an answer that never ends. */
function dripAfter(socket: Socket, answers: number): void {
  let left = answers;
  const drip = (): void => {
    const timer = setInterval(() => socket.write('2'), 100);
    socket.once('close', () => clearInterval(timer));
  };
  const answer = (line: string): void => {
    if (left-- > 0) socket.write(`${line}\r\n`);
    else if (left === -1) drip();
  };
  let inText = false;
  answer('220 ready');
  socket.on('data', (data) => {
    const text = data.toString();
    if (inText && !text.endsWith('\r\n.\r\n')) return;
    const isData = text.startsWith('DATA');
    answer(isData ? '354 go on' : '250 fine');
    inText = isData;
  });
}
