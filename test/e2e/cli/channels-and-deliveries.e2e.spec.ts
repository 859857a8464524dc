import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelView, DeliveryView } from '#libs/contracts';
import { SmtpReceiver, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { Binary } from './binary.js';
import { CliFixture } from './cli-fixture.js';

const BOT_TOKEN = '7000000001:AAExampleExampleExampleExample_0001';

let fixture: CliFixture;
let sledger: Binary;
let webhook: WebhookReceiver;
let telegram: TelegramStandIn;
let mail: SmtpReceiver;
beforeAll(async () => {
  [webhook, telegram, mail] = await Promise.all([
    WebhookReceiver.start(),
    TelegramStandIn.start(),
    SmtpReceiver.start(),
  ]);
  fixture = await CliFixture.open();
  sledger = new Binary(fixture.home);
});
afterAll(async () => {
  for (const each of [fixture, webhook, telegram, mail]) await each[Symbol.asyncDispose]();
});

const deliveriesOf = async (...filter: string[]) =>
  (await sledger.json<{ items: DeliveryView[] }>('deliveries', 'list', ...filter)).items;

describe('channel add', () => {
  it('says in red words that nobody would be told while there is none', async () => {
    expect((await sledger.run('channel', 'list')).stdout).toBe(
      'No channel: nobody would be told when a session dies. See `sledger channel add --help`.\n',
    );
    expect(await sledger.json('channel', 'list')).toEqual({ items: [] });
  });

  it('takes each type; secrets come from stdin or a file and are shown nowhere', async () => {
    const hook = await sledger.run('channel', 'add', 'webhook', 'ops', '--url', webhook.url, '--priority', '5');
    expect(hook).toMatchObject({ exit: 0, stderr: '' });
    expect(hook.stdout).toMatch(/^✓ webhook channel ops added: [0-9a-f-]{36}\n {2}The server made its signing secret/);
    expect(hook.stdout).not.toContain('whsec_');

    const bot = ['channel', 'add', 'telegram', 'me', '--chat-id', '4711', '--api-root', telegram.apiRoot];
    const chat = await sledger.runWith({ stdin: `${BOT_TOKEN}\n` }, ...bot, '--secret-file', '-');
    expect(chat).toMatchObject({ exit: 0, stderr: '' });
    const file = join(fixture.home.home, 'smtp-url');
    writeFileSync(file, `${mail.url}\n`, { mode: 0o600 });
    const address = ['--from', 'ledger@example.org', '--to', 'owner@example.org', '--min-level', 'warning'];
    const email = await sledger.json<ChannelView>('channel', 'add', 'email', 'post', ...address, '--secret-file', file);
    expect(email).toMatchObject({ type: 'email', name: 'post', minLevel: 'WARNING', enabled: true });
    expect(chat.stdout + JSON.stringify(email)).not.toContain(BOT_TOKEN);
    expect(JSON.stringify(email)).not.toContain(mail.url);
  });

  it('answers a made signing secret once, as JSON, for a program to keep', async () => {
    const made = await sledger.json<ChannelView & { secret: string }>(
      'channel',
      'add',
      'webhook',
      'second',
      '--url',
      webhook.url,
    );
    expect(made.secret).toMatch(/^whsec_/);
    expect(JSON.stringify(await sledger.json('channel', 'list'))).not.toContain('whsec_');
  });

  it.each([
    [['pager', 'x'], /there is no channel type "pager"\. Use telegram, email or webhook\./],
    [['webhook', 'x'], /a webhook channel needs --url/],
    [['telegram', 'x', '--chat-id', '1'], /a telegram channel needs --secret-file/],
    [['email', 'x', '--secret-file', '/nowhere/smtp'], /--secret-file: \/nowhere\/smtp cannot be read/],
    [['webhook', 'x', '--url', 'ftp://a'], /the server does not accept this: .*url/i],
    [['webhook', 'ops', '--url', 'https://example.org/'], /already a channel named ops\. Choose another name/],
    [
      ['webhook', 'x', '--url', 'https://example.org/', '--min-level', 'loud'],
      /the server does not accept this: minLevel/,
    ],
    [['webhook', 'x', '--url', 'https://example.org/', '--agent', 'nobody'], /there is no agent "nobody"/],
  ])('refuses %j on one line and adds nothing', async (args, message) => {
    const run = await fixture.run('channel', 'add', ...args);
    expect(run).toMatchObject({ exit: 1, stdout: '' });
    expect(run.stderr).toMatch(message);
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect((await fixture.json<{ items: unknown[] }>('channel', 'list')).items).toHaveLength(4);
  });
});

describe('channel list', () => {
  it('shows type, name, state, level, priority and events in columns', async () => {
    const { stdout } = await sledger.run('channel', 'list');
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^ID +TYPE +NAME +STATE +FROM LEVEL +PRIORITY +EVENTS$/);
    expect(lines).toHaveLength(5);
    const at = lines[0]?.indexOf('NAME') ?? 0;
    expect(
      lines
        .slice(1)
        .map((line) => line.slice(at).split(' ')[0])
        .sort(),
    ).toEqual(['me', 'ops', 'post', 'second']);
    expect(lines.find((line) => line.includes('ops'))).toMatch(/webhook +ops +on +INFO +5 +all$/);
  });
});

describe('channel test', () => {
  it.each(['ops', 'me', 'post'])('%s: waits until the message has arrived, and says so', async (name) => {
    const run = await sledger.run('channel', 'test', name);
    expect(run).toMatchObject({ exit: 0, stderr: '' });
    expect(run.stdout).toMatch(new RegExp(`^✓ \\w+ channel ${name} took the test message\\.\n$`));
  });

  it('went over the wire: one message on each', () => {
    expect(webhook.received.filter(({ body }) => body.includes('test'))).toHaveLength(1);
    expect(telegram.messages.filter(({ text }) => /test/i.test(text))).toHaveLength(1);
    expect(mail.received).toHaveLength(1);
  });

  it('exits 1 with the reason when the far side refuses, and names the next command', async () => {
    const refusal = { error_code: 400, description: 'Bad Request: message text is empty' };
    telegram.refuse(({ method }) => (method === 'sendMessage' ? refusal : undefined));
    const run = await sledger.run('channel', 'test', 'me');
    telegram.refuse(() => undefined);
    expect(run.exit).toBe(1);
    expect(run.stdout).toMatch(
      /^✗ telegram channel me: dead: .*400.*See `sledger deliveries list --channel "me"`\.\n$/,
    );
  });

  it('gives up waiting after --wait, with what became of it so far, and tells that it goes on', async () => {
    webhook.respond(() => ({ instead: 'hang' }));
    const run = await sledger.run('channel', 'test', 'ops', '--wait', '1');
    expect(run.exit).toBe(1);
    expect(run.stdout).toMatch(
      /^✗ webhook channel ops: not delivered within 1 s \((pending|attempting|unknown)\); it goes on\. See /,
    );
    webhook.respond(() => ({}));
  });

  it('without such a channel says so', async () => {
    const run = await sledger.run('channel', 'test', 'nowhere');
    expect(run).toMatchObject({
      exit: 1,
      stdout: '',
      stderr: 'sledger: there is no channel "nowhere". See `sledger channel list`.\n',
    });
  });
});

describe('deliveries', () => {
  it('list what became of each message, by channel and status', async () => {
    expect((await deliveriesOf()).length).toBeGreaterThanOrEqual(5);
    const [dead, ...others] = await deliveriesOf('--status', 'dead');
    expect([dead?.status, dead?.attempts.length, others.length]).toEqual(['dead', 1, 0]);
    expect((await deliveriesOf('--channel', 'me')).map(({ status }) => status)).toEqual(['dead', 'delivered']);
    expect(await deliveriesOf('--limit', '2')).toHaveLength(2);
    const { stdout } = await sledger.run('deliveries', 'list', '--channel', 'post');
    expect(stdout).toMatch(/^ID +CHANNEL +STATUS +TRIES +MADE +NEXT TRY +DETAIL\n[0-9a-f-]+ +post +delivered +1 /);
  });

  it('redeliver sends a dead one again, by the beginning of its id, and it arrives', async () => {
    const [dead] = await deliveriesOf('--status', 'dead');
    const seen = telegram.messages.length;
    const run = await sledger.run('deliveries', 'redeliver', dead?.id.slice(0, 22) ?? '');
    expect(run).toMatchObject({ exit: 0, stderr: '' });
    expect(run.stdout).toBe(`Delivery ${dead?.id} goes out again.\n`);
    const again = await until(() => telegram.messages[seen], { describe: 'the message to come again' });
    expect(again.text).toContain(dead?.notificationId);
    await until(async () => (await deliveriesOf('--channel', 'me'))[0]?.status === 'delivered', {
      describe: 'the delivery to be delivered',
    });
    expect(await deliveriesOf('--status', 'dead')).toEqual([]);
  });

  it.each([
    [['redeliver', 'ffffffff'], /there is no delivery "ffffffff"\. See `sledger deliveries list`/],
    [['redeliver', '0197c2aa-0000-7000-8000-000000000001'], /sledger: /],
    [['list', '--channel', 'nowhere'], /there is no channel "nowhere"/],
    [['list', '--status', 'lost'], /the server does not accept this: .*status/],
    [['list', '--limit', 'many'], /--limit: "many" is no number/],
  ])('%j fails with one line', async (args, message) => {
    const run = await fixture.run('deliveries', ...args);
    expect(run).toMatchObject({ exit: 1, stdout: '' });
    expect(run.stderr).toMatch(message);
  });

  it('one that arrived is not sent again', async () => {
    const seen = telegram.messages.length;
    const [delivered] = await deliveriesOf('--channel', 'me');
    const run = await sledger.run('deliveries', 'redeliver', delivered?.id ?? '', '--output', 'json');
    expect([run.exit, run.stdout]).toEqual([1, '']);
    expect(JSON.parse(run.stderr)).toEqual({
      error: {
        code: 'BAD_REQUEST',
        message: 'This delivery has arrived; there is nothing to send again.',
        // Not that of the HTTP answer, which names a member that nobody sees here.
        remedy: 'See the command’s --help.',
      },
    });
    expect(telegram.messages).toHaveLength(seen);
  });
});

describe('channel change and remove', () => {
  it('turn a channel off and on, give it a new target, and forget it', async () => {
    const off = await sledger.run('channel', 'change', 'post', '--off');
    expect(off).toMatchObject({ exit: 0, stdout: 'Channel post is changed and off.\n' });
    expect((await sledger.run('channel', 'list')).stdout).toMatch(/email +post +off +WARNING/);
    const changed = await sledger.json<ChannelView>(
      'channel',
      'change',
      'second',
      '--url',
      `${webhook.url}/new`,
      '--priority',
      '7',
    );
    expect(changed).toMatchObject({ name: 'second', priority: 7, enabled: true });
    expect(await sledger.run('channel', 'test', 'second')).toMatchObject({ exit: 0, stderr: '' });
    expect(webhook.received.map(({ path }) => path)).toContain('/webhook/new');
    expect((await sledger.run('channel', 'remove', 'post')).stdout).toBe(
      'Channel post is removed; its secret is forgotten.\n',
    );
    expect((await sledger.json<{ items: unknown[] }>('channel', 'list')).items).toHaveLength(3);
  });

  it('whose far side is gone for good says why in the list, in status and in doctor, and how to mend it', async () => {
    webhook.respond(() => ({ status: 410 }));
    expect((await sledger.run('channel', 'test', 'second')).exit).toBe(1);
    webhook.respond(() => ({}));
    expect((await sledger.run('channel', 'list')).stdout).toMatch(/webhook +second +off: HTTP 410/);
    expect((await sledger.run('channel', 'change', 'second', '--on')).exit).toBe(0);
    expect((await sledger.run('channel', 'list')).stdout).toMatch(/webhook +second +on /);
  });

  it.each([[['change', 'ops']], [['change', 'ops', '--on', '--off']]])('%j names nothing to change', async (args) => {
    const run = await fixture.run('channel', ...args);
    expect([run.exit, run.stderr]).toEqual([
      1,
      'sledger: nothing to change was named. See `sledger channel change --help`.\n',
    ]);
  });
});

describe('secrets', () => {
  it('are in no file of the home but those that were given', () => {
    expect(readFileSync(join(fixture.home.dataDir, 'server.json'), 'utf8')).not.toContain(BOT_TOKEN);
  });
});
