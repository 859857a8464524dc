import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CloudEvent } from '#libs/contracts';
import {
  SmtpReceiver,
  startProcess,
  TelegramStandIn,
  until,
  WebhookReceiver,
  type RunningProcess,
} from '#libs/testing';
import type { ProbePoint } from '../../../apps/notifier/src/send-deliveries/probe-points.js';
import type { Order } from './killed-notifier.js';
import { NotifierFixture } from './notifier-fixture.js';

const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 2);
const MAIN = join(import.meta.dirname, '..', '..', '..', 'dist/test/faults/notifier/killed-notifier.js');

interface Point {
  title: string;
  point: ProbePoint;
  /** How often the point is reached by one event on three channels. */
  times: number;
  /** What is on record for each channel at the end, and how many copies it got. */
  attempts: string[];
  copies: number;
}

const LOST = 'unknown worker_lost';
const POINTS: Point[] = [
  {
    title: 'K1: after the events were received, before anything is written',
    point: 'received',
    times: 1,
    attempts: ['delivered'],
    copies: 1,
  },
  {
    title: 'K2: after notification and deliveries are committed, before the ack',
    point: 'recorded',
    times: 1,
    attempts: ['delivered'],
    copies: 1,
  },
  {
    title: 'K3: after the attempt is on record, before anything is sent',
    point: 'attempt_recorded',
    times: 3,
    attempts: [LOST, 'delivered'],
    copies: 1,
  },
  {
    title: 'K4: after the far side accepted, before the outcome is on record',
    point: 'accepted',
    times: 3,
    attempts: [LOST, 'delivered'],
    copies: 2,
  },
  {
    title: 'K4: after the outcome is on record',
    point: 'outcome_recorded',
    times: 3,
    attempts: ['delivered'],
    copies: 1,
  },
];
/** They are reached before anything is sent: nothing needs to be claimed for them. */
const BEFORE_SENDING: ProbePoint[] = ['received', 'recorded'];

describe('a notifier that is killed', () => {
  let fixture: NotifierFixture;
  let webhook: WebhookReceiver;
  let smtp: SmtpReceiver;
  let telegram: TelegramStandIn;
  let spare: Promise<RunningProcess> | undefined;
  let alive: RunningProcess | null = null;

  beforeAll(async () => {
    fixture = await NotifierFixture.start();
    await fixture.notifier.close();
    webhook = await WebhookReceiver.start();
    smtp = await SmtpReceiver.start();
    telegram = await TelegramStandIn.start();
    await fixture.webhook(webhook.url);
    await fixture.email(smtp.url);
    await fixture.telegram(telegram.apiRoot);
    await (spare = launch());
  });
  afterAll(async () => {
    // Whatever of the set-up there is.
    await spare?.then((child) => child[Symbol.asyncDispose]()).catch(() => undefined);
    await alive?.[Symbol.asyncDispose]();
    for (const receiver of [webhook, smtp, telegram]) await receiver?.[Symbol.asyncDispose]();
    await fixture?.[Symbol.asyncDispose]();
  });

  async function launch(): Promise<RunningProcess> {
    const env = { DATABASE_URL: fixture.testDatabase.url };
    const child = await startProcess(process.execPath, { args: [MAIN], env });
    await child.waitFor(/ready/);
    return child;
  }

  /** The process that was started ahead; another one is started in its place. */
  async function takeSpare(): Promise<RunningProcess> {
    const child = await (spare ?? launch());
    spare = launch();
    // Its failure is that of whoever takes it.
    spare.catch(() => undefined);
    return child;
  }

  function order(child: RunningProcess, what: Order): void {
    child.child.stdin.write(`${JSON.stringify(what)}\n`);
  }

  /** The notifier that runs: it inherits, and is the next to be killed where a notifier that sends is. */
  async function running(): Promise<RunningProcess> {
    if (alive === null || alive.exit !== undefined) {
      alive = await takeSpare();
      order(alive, { do: 'start' });
    }
    return alive;
  }

  /** Kills at the point, hands the event over again to another process where it was not acked, and waits for the end. */
  async function round({ point, times }: Point, event: CloudEvent): Promise<void> {
    await fixture.database.query('delete from deliveries.gate');
    const heirWaits = BEFORE_SENDING.includes(point);
    if (heirWaits) await running();
    const doomed = heirWaits ? await takeSpare() : await running();
    const before = alive !== null && alive !== doomed ? recordedBy(alive) : 0;
    const earlier = doomed.stdout.length;
    order(doomed, { do: 'arm', point, times });
    order(doomed, { do: 'take', events: [event] });
    expect(await doomed.exited).toMatchObject({ signal: 'SIGKILL' });
    const acked = doomed.stdout.slice(earlier).includes('acked');

    const heir = await running();
    if (!acked) order(heir, { do: 'take', events: [event] });
    await until(async () => (await statusesOf(event)).join() === 'delivered,delivered,delivered', {
      describe: `three deliveries after a kill at ${point}`,
    });
    // Until it has passed all its points: the next round's must not count these.
    const sentByHeir = point === 'outcome_recorded' ? 0 : 3;
    await until(() => recordedBy(heir) - before === sentByHeir, { describe: 'the heir to have done all' });
  }

  function recordedBy({ stdout }: RunningProcess): number {
    return stdout.split('outcome_recorded').length - 1;
  }

  async function statusesOf(event: CloudEvent): Promise<string[]> {
    const rows = await fixture.database.query<{ status: string }>(
      `select d.status from deliveries.delivery d join deliveries.notification n using (notification_id)
       where n.event_id = $1 order by d.status`,
      [event.id],
    );
    return rows.map(({ status }) => status);
  }

  /** By channel, in order: how each attempt ended. */
  async function attemptsOf(event: CloudEvent): Promise<Record<string, string[]>> {
    const rows = await fixture.database.query<{ type: string; attempts: string[] }>(
      `select c.type, array_agg(concat_ws(' ', a.outcome, a.reason) order by a.number) as attempts
       from deliveries.attempt a join deliveries.delivery d using (delivery_id)
       join deliveries.notification n using (notification_id) join deliveries.channel c using (channel_id)
       where n.event_id = $1 group by c.type`,
      [event.id],
    );
    return Object.fromEntries(rows.map(({ type, attempts }) => [type, attempts]));
  }

  it.each(POINTS)(
    '$title: nothing is lost, and nothing repeated that the receiver cannot tell',
    async (point) => {
      for (let i = 0; i < ROUNDS; i++) {
        const { session, event } = await fixture.warned();
        await round(point, event);
        const hooks = webhook.received.filter(({ body }) => body.includes(event.id));
        const mails = smtp.received.filter(({ mail }) => mail.text?.includes(session.sessionId));
        const chats = telegram.messages.filter(({ text }) => text.includes(session.sessionId));
        const { attempts, copies } = point;
        expect({
          round: i,
          attempts: await attemptsOf(event),
          copies: { webhook: hooks.length, email: mails.length, telegram: chats.length },
          ids: [hooks.map(({ headers }) => headers['webhook-id']), mails.map(({ mail }) => mail.messageId)].map(
            (ids) => new Set(ids).size,
          ),
          labelled: chats.map(({ text }) => text.startsWith('(possible repeat)')),
        }).toEqual({
          round: i,
          attempts: { webhook: attempts, email: attempts, telegram: attempts },
          copies: { webhook: copies, email: copies, telegram: copies },
          ids: [1, 1],
          // What was sent by the second attempt says so, whether or not the first one arrived.
          labelled: copies === 2 ? [false, true] : [attempts.length === 2],
        });
        const open = await fixture.database.query('select from deliveries.attempt where ended_at is null');
        expect(open).toHaveLength(0);
      }
    },
    ROUNDS * 90_000 + 120_000,
  );
});
