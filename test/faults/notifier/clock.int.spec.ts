import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type { Database } from '#libs/database';
import { sendTest } from '#libs/deliveries';
import { type RunningProcess, SmtpReceiver, startProcess, testLogger, until, WebhookReceiver } from '#libs/testing';
import { Sweep } from '../../../apps/notifier/src/sweep/sweep.js';
import type { Order } from './killed-notifier.js';
import { NotifierFixture } from './notifier-fixture.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const HOUR_MS = 3_600_000;

/** What to add to a clock that is right, so that it says this now. */
function at(time: string): number {
  return Date.parse(time) - Date.now();
}

describe('C1: a clock that is wrong', () => {
  let fixture: NotifierFixture;
  let webhook: WebhookReceiver;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    await fixture.notifier.close();
    webhook = await WebhookReceiver.start();
  });
  afterEach(async () => {
    await webhook[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  async function notifierAt(shiftMs: number, timeZone: string): Promise<RunningProcess> {
    const child = await startProcess(process.execPath, {
      args: [
        '--import',
        join(ROOT, 'test/scenarios/shift-clock.mjs'),
        join(ROOT, 'dist/test/faults/notifier/killed-notifier.js'),
      ],
      env: { DATABASE_URL: fixture.testDatabase.url, CLOCK_SHIFT_MS: String(shiftMs), TZ: timeZone },
    });
    await child.waitFor(/ready/);
    return child;
  }

  it.each([
    { wrong: 'two hours fast', shift: () => 2 * HOUR_MS, timeZone: 'UTC' },
    { wrong: 'two hours slow', shift: () => -2 * HOUR_MS, timeZone: 'UTC' },
    { wrong: 'a second slow, as by a leap second', shift: () => -1000, timeZone: 'Australia/Lord_Howe' },
    // Two seconds before clocks there go forward, and back.
    { wrong: 'at the start of summer time', shift: () => at('2027-03-14T06:59:58Z'), timeZone: 'America/New_York' },
    { wrong: 'at its end', shift: () => at('2027-11-07T05:59:58Z'), timeZone: 'America/New_York' },
  ])(
    'of the notifier, $wrong in $timeZone, signs and plans by the database’s, raises no false alarm and keeps deadlines',
    async ({ shift, timeZone }) => {
      await using smtp = await SmtpReceiver.start();
      const { id, secret } = await fixture.webhook(webhook.url);
      await fixture.email(smtp.url);
      // A session with an hour to live by its token, and days by its renewals: nothing is wrong with it.
      const calm = await fixture.session({ expiresIn: 7200, issuedAgo: 3600, maxRenewals: null });
      webhook.respond((_, earlier) => ({ status: earlier === 0 ? 500 : 200 }));
      await using child = await notifierAt(shift(), timeZone);
      const order = (what: Order): void => void child.child.stdin.write(`${JSON.stringify(what)}\n`);
      order({ do: 'start' });
      const { session, event } = await fixture.warned({ expiresIn: 9000, issuedAgo: 5000 });
      order({ do: 'take', events: [event] });
      // The first try fails; its repeat is planned by the database's clock, so it comes within seconds.
      await until(() => webhook.received.length === 2, { describe: 'the repeat' });
      await sendTest(fixture.database, { id, name: 'hook' });
      await until(() => webhook.received.length === 3 && smtp.received.length === 1, { describe: 'the test message' });
      // The library refuses a timestamp that is more than 300 s off.
      for (const { body, headers } of webhook.received)
        new Webhook(secret).verify(body, headers as Record<string, string>);
      expect(await fixture.settled()).toEqual({ delivered: 3 });
      const minutes = /in (\d+) h (\d+) min/.exec(smtp.received[0]!.mail.text ?? '');
      const left = Number(minutes?.[1]) * 60 + Number(minutes?.[2]);
      expect(Math.abs(left - (session.expiresAt * 1000 - Date.now()) / 60_000)).toBeLessThan(2);
      expect(smtp.received[0]!.mail.text).toContain(
        `${new Date(session.expiresAt * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
      );
      const [head] = await fixture.database.query('select status from ledger.session_head where session_id = $1', [
        calm.sessionId,
      ]);
      expect(head).toEqual({ status: 'active' });
    },
  );

  it.each([2 * HOUR_MS, -2 * HOUR_MS])(
    'of the database, set by %i ms, expires nobody at once: five minutes are left to set it right',
    async (step) => {
      // What passes for both clocks, and by how much the database's was set.
      let passed = 0;
      let set = 0;
      const query = async (text: string): Promise<unknown[]> => {
        const [{ now }] = (await fixture.database.query<{ now: number }>(text)) as [{ now: number }];
        return [{ now: now + passed + set }];
      };
      const database = Object.create(fixture.database, { query: { value: query } }) as Database;
      const expired: string[] = [];
      const errors: unknown[] = [];
      const logger = testLogger('notifier');
      logger.error = ((detail: unknown) => errors.push(detail)) as typeof logger.error;
      const sweep = new Sweep({
        database,
        logger,
        monotonic: () => performance.now() + passed,
        commands: {
          announceExpiringSoon: async () => undefined,
          recordDue: async ({ sessionIds, expire }) => expire && expired.push(...sessionIds),
        },
      });
      const { signal } = new AbortController();
      await sweep.pass(signal);
      const over = await fixture.session({ expiresIn: 100, issuedAgo: 200, maxRenewals: 0 });
      set = step;
      for (let pass = 0; pass < 3; pass++) await sweep.pass(signal);
      expect(expired).toEqual([]);
      expect(errors).toHaveLength(1);
      // It is set right again: what is over is expired at the next pass.
      set = 0;
      await sweep.pass(signal);
      expect(expired).toEqual([over.sessionId]);
      // It is set once more and stays: after five minutes the new time counts.
      set = step;
      await sweep.pass(signal);
      passed += 290_000;
      await sweep.pass(signal);
      expect(expired).toHaveLength(1);
      passed += 20_000;
      await sweep.pass(signal);
      expect(expired).toHaveLength(2);
    },
  );
});
