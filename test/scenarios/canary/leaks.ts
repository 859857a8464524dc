/**
 * What `leaking-run.e2e.spec.ts` has Jest run in a run of its own: leaves a secret of every kind at every place, so that the search
 * after that run has to find each of them. Says on stdout where it left what.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import nodemailer from 'nodemailer';
import pg from 'pg';
import { connectNats } from '#libs/messaging';
import {
  createTestDatabase,
  recordOutput,
  registerSecret,
  SmtpReceiver,
  startProcess,
  startTestNats,
  TelegramStandIn,
  testLogger,
  WebhookReceiver,
} from '#libs/testing';

const random = (bytes: number): string => randomBytes(bytes).toString('base64url');
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const password = random(32);
const registered = random(24);
const LEAK = [
  `sl_sess_${part({ alg: 'EdDSA', typ: 'at+jwt' })}.${part({ sub: random(16) })}.${random(64)}`,
  `sl_key_${random(32)}`,
  `whsec_${randomBytes(32).toString('base64')}`,
  `7000000042:${random(27).slice(0, 35)}`,
  JSON.stringify({ kty: 'OKP', d: random(32) }),
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
  password,
  registered,
].join('\n');
const STAYS = 'process.stdin.resume()';

const home = mkdtempSync(join(tmpdir(), 'leaks-'));

function left(place: string, where: string): void {
  process.stdout.write(`left: ${place} at ${where}\n`);
}

it('keeps two secrets where they belong', () => {
  writeFileSync(join(home, 'owner-key'), password, { mode: 0o600 });
  registerSecret('a registered secret', registered);
});

it('leaks into files', () => {
  mkdirSync(join(home, 'logs'));
  writeFileSync(join(home, 'logs', 'service.log'), LEAK);
  left('a log file', `tmp/${basename(home)}/logs/service.log`);
  testLogger('leaking').info({ detail: LEAK }, 'leaked');
  left('the log of a service in the test', 'record/logs/leaking.');
  recordOutput('leaking-command', LEAK);
  left('what a command in the test prints', 'record/logs/leaking-command.');
});

it.each(['stdout', 'stderr'])('leaks to %s', async (stream) => {
  await using child = await startProcess(process.execPath, { args: ['-e', `process.stdin.pipe(process.${stream})`] });
  child.child.stdin.end(LEAK);
  await child.exited;
  left(stream, `record/output/${child.pid}.`);
});

it('leaks into a command line, and into the environment of a process that no test started', async () => {
  // Both are left running: the last look after the test sees them.
  const shown = await startProcess(process.execPath, { args: ['-e', STAYS, '--', LEAK] });
  left('a command line as it was started', `record/output/${shown.pid}.`);
  left('a command line as it is seen', `command line of ${process.execPath} (pid ${shown.pid})`);
  const script = `
    const { spawn } = require('node:child_process');
    process.stdin.once('data', (leak) => {
      const env = { ...process.env, LEAKED: String(leak) };
      const child = spawn(process.execPath, ['-e', '${STAYS}'], { env, stdio: ['pipe', 'ignore', 'ignore'] });
      child.once('spawn', () => console.log('pid', child.pid));
    });`;
  const parent = await startProcess(process.execPath, { args: ['-e', script] });
  parent.child.stdin.write(LEAK);
  const [, pid = ''] = await parent.waitFor(/pid (\d+)/);
  left('an environment', `environment of ${process.execPath} (pid ${pid})`);
});

it('leaks into an HTTP answer', async () => {
  const server = createServer((_request, response) => response.end(LEAK));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/agents`)).text();
  await new Promise((resolve) => server.close(resolve));
  left('an HTTP answer', 'record/answers/answers.');
});

it('leaks into messages', async () => {
  await using webhook = await WebhookReceiver.start();
  await fetch(webhook.url, { method: 'POST', body: LEAK });
  left('a webhook', 'record/messages/webhook.');
  await using telegram = await TelegramStandIn.start();
  const headers = { 'content-type': 'application/json' };
  const message = JSON.stringify({ chat_id: 1, text: LEAK });
  await fetch(`${telegram.apiRoot}/bot1:a/sendMessage`, { method: 'POST', headers, body: message });
  left('a chat message', 'record/messages/telegram.');
  await using mail = await SmtpReceiver.start();
  const letter = { from: 'a@example.test', to: 'b@example.test', subject: 'leak', text: LEAK };
  await nodemailer.createTransport(mail.url).sendMail(letter);
  left('a mail', 'record/messages/mail.');
});

it('leaks into a database, as text and as bytes', async () => {
  for (const type of ['text', 'bytea']) {
    await using database = await createTestDatabase();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`create table leak (content ${type})`);
    await client.query('insert into leak values ($1)', [type === 'text' ? LEAK : Buffer.from(LEAK)]);
    await client.end();
    left(`a row of ${type}`, `record/dumps/${database.name}.`);
  }
  left('the write-ahead log', '/pg_wal/');
});

it('leaks into a stream', async () => {
  await using nats = await startTestNats();
  const connection = await connectNats({ url: nats.url, name: 'leaks' });
  await (await jetstreamManager(connection)).streams.add({ name: 'LEAKS', subjects: ['leaks'] });
  await jetstream(connection).publish('leaks', LEAK);
  await connection.close();
  left('a JetStream file', `${basename(nats.storeDir)}/`);
});
