import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { EmbeddedPostgres } from '#libs/embedded';
import { testEnvironment, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

/** Stops the server and all its workers, as one instant of a machine that dies. Answers them. */
function freeze(postmaster: number): number[] {
  // First of all: who is stopped starts no further worker.
  process.kill(postmaster, 'SIGSTOP');
  const workers = workersOf(postmaster);
  for (const pid of workers) process.kill(pid, 'SIGSTOP');
  return [postmaster, ...workers];
}

function workersOf(postmaster: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]) === postmaster;
      } catch {
        return false;
      }
    });
  return children.map(Number);
}

describe('P2: a failover to a replica that lacks the last commits', () => {
  let folder: string;
  let primary: EmbeddedPostgres;
  let replica: EmbeddedPostgres | null = null;
  let fixture: NotifierFixture;
  let webhook: WebhookReceiver;
  beforeEach(async () => {
    folder = mkdtempSync(join(testEnvironment().runDir, 'postgres', 'failover-'));
    // Passable for the server's own user, so that its cluster lies in here.
    chmodSync(folder, 0o711);
    primary = await EmbeddedPostgres.start({ dataDir: join(folder, 'primary'), database: 'ledger' });
    fixture = await NotifierFixture.start(
      { leaseSeconds: 1 },
      { url: primary.url, name: 'ledger', [Symbol.asyncDispose]: async () => undefined },
    );
    fixture.excuse('calls on record', 'the attempts are lost with the last commits');
    webhook = await WebhookReceiver.start();
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    await webhook[Symbol.asyncDispose]();
    await replica?.stop();
    await primary.stop();
  });

  /** What an asynchronous replica has at this moment. */
  function replicate(): void {
    const processes = freeze(primary.pid);
    // With owners and modes, which PostgreSQL looks at.
    const copied = spawnSync('cp', ['-a', join(folder, 'primary'), join(folder, 'replica')]);
    expect(copied.status).toBe(0);
    for (const pid of processes) process.kill(pid, 'SIGCONT');
  }

  async function failOver(): Promise<void> {
    const { port } = primary;
    process.kill(primary.pid, 'SIGKILL');
    await primary.exited;
    replica = await EmbeddedPostgres.start({ dataDir: join(folder, 'replica'), database: 'ledger', port });
  }

  const endings = async (): Promise<string[]> =>
    (await fixture.attempts()).map(({ outcome, reason }) => [outcome, reason].filter(Boolean).join(' '));

  it('that had the attempt but not its outcome: the message counts as unknown and is sent again with the same id', async () => {
    const far = new EventEmitter();
    const answer = once(far, 'answer');
    webhook.respond((_, earlier) => (earlier === 0 ? { after: answer } : {}));
    const { secret } = await fixture.webhook(webhook.url);
    await fixture.takeIn((await fixture.warned()).event);
    await until(() => webhook.received.length === 1, { describe: 'the message' });
    replicate();
    far.emit('answer');
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    await failOver();
    await until(() => webhook.received.length === 2, { describe: 'the message again' });
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect(await endings()).toEqual(['unknown worker_lost', 'delivered']);
    expect(new Set(webhook.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    for (const { body, headers } of webhook.received)
      new Webhook(secret).verify(body, headers as Record<string, string>);
  });

  it('that had the alert but not even the attempt: it is not lost, and comes with the same id', async () => {
    const { id } = await fixture.webhook(webhook.url);
    await fixture.database.query(
      "update deliveries.channel set paused_until = clock_timestamp() + interval '1 hour' where channel_id = $1",
      [id],
    );
    await fixture.takeIn((await fixture.warned()).event);
    replicate();
    await fixture.database.query('update deliveries.channel set paused_until = null');
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    await failOver();
    await until(
      async () => {
        await fixture.database.query('update deliveries.channel set paused_until = null');
        return webhook.received.length === 2;
      },
      { describe: 'the message again' },
    );
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect(await endings()).toEqual(['delivered']);
    expect(new Set(webhook.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });
});
