import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig, newId, type RunningService } from '#libs/platform';
import {
  createTestDatabase,
  SmtpReceiver,
  startTestNats,
  TelegramStandIn,
  testEnvironment,
  testLogger,
  type TestNats,
  until,
  WebhookReceiver,
} from '#libs/testing';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { NotifierFixture } from './notifier-fixture.js';
import { NotifierPair, type Which } from './notifier-pair.js';
import { appendRenewedSessions } from './renewed-sessions.js';
import { TEST_SEAL_KEY } from './test-seal-key.js';

/** More rounds: more moments. */
const ROUNDS = Number(process.env['TWO_NOTIFIERS_ROUNDS'] ?? 1);
const ALERTS = 300;
const AT_ONCE = 20;
/** The kill comes so many milliseconds at most after both were seen to deliver. */
const KILL_WITHIN_MS = 200;
const LONG = 150_000;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** How one session's alert went through one channel. */
interface Told {
  session: string;
  type: 'webhook' | 'email' | 'telegram';
  status: string;
  /** Of the message that carried it: how each attempt ended, in order. */
  attempts: string[];
}

describe('two notifiers, of which one is killed while both send', () => {
  let fixture: NotifierFixture;
  let nats: TestNats;
  let sequencer: RunningService;
  let pair: NotifierPair;
  let webhook: WebhookReceiver;
  let smtp: SmtpReceiver;
  let telegram: TelegramStandIn;
  const agentId = newId();

  beforeAll(async () => {
    [nats, webhook, smtp, telegram] = await Promise.all([
      startTestNats(),
      WebhookReceiver.start(),
      SmtpReceiver.start(),
      TelegramStandIn.start(),
    ]);
    const database = await createTestDatabase();
    fixture = await NotifierFixture.start({}, database);
    // The two that are tested are processes of their own.
    await fixture.notifier.close();
    await fixture.webhook(webhook.url, { minLevel: 'WARNING' });
    await fixture.email(smtp.url, { minLevel: 'WARNING' });
    await fixture.telegram(telegram.apiRoot, { minLevel: 'WARNING' });
    await fixture.registerAgent(agentId, Math.floor(Date.now() / 1000));
    const config = loadConfig({
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      LEDGER_SEAL_KEY: TEST_SEAL_KEY,
      LEDGER_DATA_DIR: mkdtempSync(join(testEnvironment().runDir, 'two-notifiers-')),
    });
    sequencer = await startSequencer({ config, logger: testLogger('sequencer') });
    pair = await NotifierPair.start({ databaseUrl: database.url, natsUrl: nats.url });
    // They take it and answer later: something is under way at any moment, and may have arrived or not.
    webhook.respond(() => ({ delayMs: 200 + Math.random() * 400 }));
    for (const receiver of [smtp, telegram]) receiver.answerAfter(() => 100 + Math.random() * 200);
  });
  afterAll(async () => {
    await pair[Symbol.asyncDispose]();
    await sequencer.close();
    await fixture[Symbol.asyncDispose]();
    for (const each of [webhook, smtp, telegram, nats]) await each[Symbol.asyncDispose]();
  });

  it.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    'loses nothing, and repeats only what was under way, with its id or label (round %i)',
    async () => {
      try {
        await round();
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${pair.output}`, { cause: error });
      }
    },
    600_000,
  );

  async function round(): Promise<void> {
    const before = [await pair.deliveredBy(0), await pair.deliveredBy(1)] as const;
    const victim: Which = Math.random() < 0.5 ? 0 : 1;
    const killed = killWhileBothDeliver(before, victim);
    // Awaited below: until then its failure must not count as nobody's.
    killed.catch(() => undefined);
    const sessions = new Set<string>();
    for (let n = 0; n < ALERTS; n += AT_ONCE) {
      for (const id of await appendRenewedSessions(fixture.ledger, agentId, AT_ONCE)) sessions.add(id);
      // How many messages a chat and a mailbox take in a minute is the matter of other tests.
      await fixture.database.query('delete from deliveries.gate');
    }
    const killedAt = await killed;
    await pair.launch(victim);
    await end(sessions, killedAt);
    const told = await toldOf(sessions);
    expect(told.filter(({ status }) => status !== 'delivered')).toEqual([]);
    expect(await announcementsOf(sessions)).toEqual([...sessions].sort());
    expect(told).toHaveLength(3 * ALERTS);
    expectEveryCopyAccountedFor(sessions, told);
    process.stdout.write(`${summary(told)}\n`);
  }

  /** Returns when, by the database's clock. */
  async function killWhileBothDeliver(before: readonly [number, number], victim: Which): Promise<Date> {
    await pair.bothDeliver(before);
    await after(Math.random() * KILL_WITHIN_MS);
    await pair.kill(victim);
    const [row] = await fixture.database.query<{ now: Date }>('select clock_timestamp() as now');
    return row!.now;
  }

  /** Everything is told; what the killed one had under way passes on once all else is done, instead of 20 s after the kill. */
  async function end(sessions: Set<string>, killedAt: Date): Promise<void> {
    const done = async (living: boolean): Promise<boolean> => {
      await fixture.database.query('delete from deliveries.gate');
      const [row] = await fixture.database.query<{ count: number }>(
        `select count(*)::int as count from deliveries.delivery d join deliveries.notification n using (notification_id)
         where n.session_id = any($1) and (d.finished_at is not null or ($2 and d.status = 'attempting' and exists (
           select from deliveries.attempt a where a.delivery_id = coalesce(d.carrier_id, d.delivery_id)
             and a.ended_at is null and a.started_at < $3)))`,
        [[...sessions], living, killedAt],
      );
      return row?.count === 3 * ALERTS;
    };
    await until(() => done(true), { describe: 'what the living can do', timeoutMs: LONG, pollMs: 50 });
    // Once only: what passes on now is sent by somebody alive.
    await fixture.database.query(
      `update deliveries.delivery d set next_attempt_at = clock_timestamp()
       where status = 'attempting' and next_attempt_at is not null and exists (select from deliveries.attempt a
         where a.delivery_id = d.delivery_id and a.ended_at is null and a.started_at < $1)`,
      [killedAt],
    );
    await until(() => done(false), { describe: 'what the killed one had under way', timeoutMs: LONG, pollMs: 50 });
  }

  async function toldOf(sessions: Set<string>): Promise<Told[]> {
    return fixture.database.query<Told>(
      `select n.session_id::text as session, c.type, d.status,
         (select array_agg(concat_ws(' ', a.outcome, a.reason) order by a.number) from deliveries.attempt a
          where a.delivery_id = coalesce(d.carrier_id, d.delivery_id)) as attempts
       from deliveries.delivery d join deliveries.notification n using (notification_id)
       join deliveries.channel c using (channel_id) where n.session_id = any($1)`,
      [[...sessions]],
    );
  }

  /** The sessions of the announcements in the ledger, one for each. */
  async function announcementsOf(sessions: Set<string>): Promise<string[]> {
    const rows = await fixture.database.query<{ session: string }>(
      `select payload::json ->> 'sessionId' as session from ledger.event
       where type = 'SessionExpiringSoon' and payload::json ->> 'sessionId' = any($1) order by 1`,
      [[...sessions]],
    );
    return rows.map(({ session }) => session);
  }

  /**
   * Calls at the receivers against attempts on record. One delivered attempt is one copy; an attempt that was lost with its
   * process (`unknown`) may be one more, and nothing else may.
   */
  function expectEveryCopyAccountedFor(sessions: Set<string>, told: Told[]): void {
    const copies = { webhook: hooksOf(sessions), email: mailsOf(sessions), telegram: chatsOf(sessions) };
    const wrong: unknown[] = [];
    for (const each of told) {
      const { session, type, attempts } = each;
      const got = copies[type].get(session) ?? [];
      const lost = attempts.slice(0, -1);
      const known = attempts.at(-1) === 'delivered' && lost.every((attempt) => attempt === 'unknown worker_lost');
      const counted = got.length >= 1 && got.length <= attempts.length;
      // One webhook-id or Message-ID; in a chat all but the first try say that they may be a repeat.
      const ids = new Set(got);
      const recognised =
        type === 'telegram'
          ? got.filter((id) => id === 'first').length <= 1 && ids.has('repeat') === attempts.length > 1
          : ids.size === 1;
      if (!known || !counted || !recognised) wrong.push({ ...each, got });
    }
    expect(wrong).toEqual([]);
  }

  /** The webhook-ids that each session's alert came with. */
  function hooksOf(sessions: Set<string>): Map<string, string[]> {
    return bySession(sessions, webhook.received, ({ body, headers }) => [body, String(headers['webhook-id'])]);
  }

  function mailsOf(sessions: Set<string>): Map<string, string[]> {
    return bySession(sessions, smtp.received, ({ mail }) => [mail.text ?? '', mail.messageId ?? '']);
  }

  function chatsOf(sessions: Set<string>): Map<string, string[]> {
    return bySession(sessions, telegram.messages, ({ text, document = '' }) => [
      text + document,
      text.startsWith('(possible repeat)') ? 'repeat' : 'first',
    ]);
  }

  function summary(told: Told[]): string {
    const lost = told.filter(({ attempts }) => attempts.length > 1);
    const count = (type: Told['type']): number => lost.filter((each) => each.type === type).length;
    return `alerts under way at the kill: ${count('webhook')} webhook, ${count('email')} email, ${count('telegram')} Telegram`;
  }
});

/** By session: the id of each message that names it. */
function bySession<M>(
  sessions: Set<string>,
  messages: readonly M[],
  read: (message: M) => [text: string, id: string],
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const message of messages) {
    const [text, id] = read(message);
    for (const session of new Set(text.match(UUID))) {
      if (sessions.has(session)) found.set(session, [...(found.get(session) ?? []), id]);
    }
  }
  return found;
}
