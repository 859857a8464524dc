import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CloudEvent } from '#libs/contracts';
import {
  SmtpReceiver,
  startProcess,
  TelegramStandIn,
  until,
  WebhookReceiver,
  type RunningProcess,
} from '#libs/testing';
import { type ProbePoint } from '../../../apps/notifier/src/send-deliveries/probe-points.js';
import { type Order } from './killed-notifier.js';
import { NotifierFixture } from './notifier-fixture.js';

const ROUNDS = Number(process.env['LEDGER_TEST_KILL_ROUNDS'] ?? 3);
const MAIN = join(import.meta.dirname, '..', '..', '..', 'dist/test/faults/notifier/killed-notifier.js');

/** Where the process is killed, and how often the point is reached by one event on three channels. */
const POINTS: [string, ProbePoint, number][] = [
  ['K1: after the events were received, before anything is written', 'received', 1],
  ['K2: after notification and deliveries are committed, before the ack', 'recorded', 1],
  ['K3: after the attempt is on record, before anything is sent', 'attempt_recorded', 3],
  ['K4: after the far side accepted, before the outcome is on record', 'accepted', 3],
  ['K4: after the outcome is on record', 'outcome_recorded', 3],
];

describe('a notifier that is killed', () => {
  let fixture: NotifierFixture;
  let webhook: WebhookReceiver;
  let smtp: SmtpReceiver;
  let telegram: TelegramStandIn;
  let spare: Promise<RunningProcess>;

  beforeAll(async () => {
    fixture = await NotifierFixture.start();
    await fixture.notifier.close();
    webhook = await WebhookReceiver.start();
    smtp = await SmtpReceiver.start();
    telegram = await TelegramStandIn.start();
    await fixture.webhook(webhook.url);
    await fixture.email(smtp.url);
    await fixture.telegram(telegram.apiRoot);
    spare = launch();
  });
  afterAll(async () => {
    await (await spare)[Symbol.asyncDispose]();
    for (const receiver of [webhook, smtp, telegram]) await receiver[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  async function launch(): Promise<RunningProcess> {
    const child = await startProcess(process.execPath, { args: [MAIN, fixture.testDatabase.url] });
    await child.waitFor(/ready/);
    return child;
  }

  /** The process that was started ahead; another one is started in its place. */
  async function takeSpare(): Promise<RunningProcess> {
    const child = await spare;
    spare = launch();
    return child;
  }

  function order(child: RunningProcess, what: Order): void {
    child.child.stdin.write(`${JSON.stringify(what)}\n`);
  }

  /** Kills at the point, hands the event over again to a new process where it was not acked, and waits for the end. */
  async function round(point: ProbePoint, times: number, event: CloudEvent): Promise<void> {
    await fixture.database.query('delete from deliveries.gate');
    const doomed = await takeSpare();
    order(doomed, { do: 'start' });
    order(doomed, { do: 'arm', point });
    order(doomed, { do: 'take', events: [event] });
    await until(() => doomed.stdout.split(`reached ${point}`).length - 1 >= times, {
      describe: `${times} × ${point}`,
      timeoutMs: 15_000,
    });
    const acked = doomed.stdout.includes('acked');
    await doomed.kill();

    const heir = await takeSpare();
    order(heir, { do: 'start' });
    if (!acked) order(heir, { do: 'take', events: [event] });
    await until(async () => (await statusesOf(event)).join() === 'delivered,delivered,delivered', {
      describe: `three deliveries after a kill at ${point}`,
      timeoutMs: 20_000,
    });
    await heir.kill();
  }

  async function statusesOf(event: CloudEvent): Promise<string[]> {
    const rows = await fixture.database.query<{ status: string }>(
      `select d.status from deliveries.delivery d join deliveries.notification n using (notification_id)
       where n.event_id = $1 order by d.status`,
      [event.id],
    );
    return rows.map(({ status }) => status);
  }

  it.each(POINTS)(
    '%s loses nothing and repeats nothing that the receiver cannot tell',
    async (_, point, times) => {
      for (let i = 0; i < ROUNDS; i++) {
        const { session, event } = await fixture.warned();
        await round(point, times, event);
        const hooks = webhook.received.filter(({ body }) => body.includes(event.id));
        const mails = smtp.received.filter(({ mail }) => mail.text?.includes(session.sessionId));
        const chats = telegram.messages.filter(({ text }) => text.includes(session.sessionId));
        expect(new Set(hooks.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
        expect(new Set(mails.map(({ mail }) => mail.messageId)).size).toBe(1);
        const most = point === 'accepted' ? 2 : 1;
        for (const copies of [hooks, mails, chats]) expect(copies.length).toBeLessThanOrEqual(most);
        expect(chats.slice(1).every(({ text }) => text.startsWith('(possible repeat)'))).toBe(true);
        const open = await fixture.database.query('select from deliveries.attempt where ended_at is null');
        expect(open).toHaveLength(0);
      }
    },
    ROUNDS * 20_000 + 30_000,
  );
});
