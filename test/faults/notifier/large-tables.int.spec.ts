import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Database } from '#libs/database';
import { dueStatement, sendCanaries } from '#libs/deliveries';
import { testLogger, until, WebhookReceiver } from '#libs/testing';
import { dueSessionCommands } from '../../../apps/notifier/src/sweep/due-session-commands.js';
import { DUE_HEADS, Sweep } from '../../../apps/notifier/src/sweep/sweep.js';
import { NotifierFixture } from './notifier-fixture.js';

const PENDING = 50_000;
const TOLD = 10_000;
/** A million and ten thousand in the long run. */
const HEADS = Number(process.env['LEDGER_TEST_HEADS'] ?? 20_000);
const DUE = Number(process.env['LEDGER_TEST_DUE'] ?? 300);
const SENT = 200;
/** Rows of one statement: while it runs, no event of any database of the cluster gets its place. */
const ROWS_AT_ONCE = 2_500;

describe('large tables', () => {
  let fixture: NotifierFixture;
  beforeEach(async () => {
    fixture = await NotifierFixture.start({ sweepSeconds: 3600 });
    await fixture.notifier.close();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  /** Plan of a statement as a connection keeps it, whatever the values. */
  async function planOf(statement: string, types: string, values: string): Promise<string> {
    return fixture.database.transaction(async (client) => {
      await client.query("set local plan_cache_mode = 'force_generic_plan'");
      await client.query(`prepare looked_at (${types}) as ${statement}`);
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain (analyze, buffers, timing off) execute looked_at (${values})`,
      );
      await client.query('deallocate looked_at');
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
  }

  it(`${PENDING} waiting deliveries are claimed by index, in order, without a scan`, async () => {
    await using webhook = await WebhookReceiver.start();
    const { id } = await fixture.webhook(webhook.url);
    // Both without statistics and with fresh ones: not with those that come when the machine finds the time.
    for (const table of ['notification', 'delivery'])
      await fixture.asOwner(`alter table deliveries.${table} set (autovacuum_enabled = false)`);
    for (let made = 0; made < PENDING; made += ROWS_AT_ONCE) {
      await fixture.database.query(
        `with made as (
         insert into deliveries.notification (notification_id, event_id, stage, event_type, level, envelope, deadline)
         select gen_random_uuid(), gen_random_uuid(), 'alert', 'SessionExpired', 1,
           '{"time":"2026-01-01T00:00:00Z"}', clock_timestamp() + interval '1 day'
         from generate_series(1, ${ROWS_AT_ONCE}) returning notification_id)
       insert into deliveries.delivery (delivery_id, notification_id, channel_id, recipient, next_attempt_at, deadline)
       select gen_random_uuid(), notification_id, $1, 'owner', clock_timestamp() - random() * interval '1 hour',
         clock_timestamp() + interval '1 day' from made`,
        [id],
      );
    }
    for (const statistics of ['none yet', 'fresh']) {
      if (statistics === 'fresh') await fixture.asOwner('analyze deliveries.delivery, deliveries.notification');
      const plan = await planOf(dueStatement(false), 'uuid, int, int, int, uuid[]', `'${id}', 32, 16, 1, '{}'`);
      expect(plan).toContain('Index Scan using delivery_first');
      expect(plan.match(/Index Cond: \(\(channel_id = \$1\) AND \(next_attempt_at <= /g)).toHaveLength(2);
      expect(plan).not.toMatch(/Seq Scan on (delivery|notification)/);
      // What it looked at, in pages: how long that takes is the machine's matter.
      const [, hit = '0', read = '0'] = /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(plan) ?? [];
      expect(Number(hit) + Number(read)).toBeLessThan(500);
    }

    const before = await fixture.database.query<{ delivery_id: string }>(
      'select delivery_id from deliveries.delivery order by next_attempt_at',
    );
    const place = new Map(before.map(({ delivery_id }, index) => [delivery_id, index]));
    const started = fixture.newNotifier({ metrics: fixture.freshMetrics() });
    started.start();
    await until(() => webhook.received.length >= SENT, { describe: `${SENT} deliveries` });
    await started.close();
    // The oldest ones, with nothing left out between them.
    const sent = await fixture.database.query<{ delivery_id: string }>(
      'select distinct delivery_id from deliveries.attempt',
    );
    expect(Math.max(...sent.map(({ delivery_id }) => place.get(delivery_id)!))).toBe(sent.length - 1);
  });

  it(`a channel with ${TOLD} deliveries behind it gets its periodic test message without a look at them`, async () => {
    const { id } = await fixture.webhook('http://127.0.0.1:9');
    await fixture.database.query(
      `with made as (
         insert into deliveries.notification (notification_id, event_id, stage, event_type, level, envelope, deadline)
         select gen_random_uuid(), gen_random_uuid(), 'alert', 'SessionExpired', 1, '{}', clock_timestamp()
         from generate_series(1, ${TOLD}) returning notification_id)
       insert into deliveries.delivery (delivery_id, notification_id, channel_id, recipient, status, deadline, finished_at)
       select gen_random_uuid(), notification_id, $1, 'owner', 'delivered', clock_timestamp(), clock_timestamp() from made`,
      [id],
    );
    fixture.excuse('calls on record', 'the outcomes of these deliveries are made up');
    // One connection: the counts are those of its own session.
    await using database = await Database.open({
      url: fixture.testDatabase.url,
      applicationName: 'canaries',
      poolSize: 1,
    });
    const read = async (): Promise<number> => {
      await database.query('select pg_stat_force_next_flush()');
      const [row] = await database.query<{ n: number }>(
        "select (seq_tup_read + idx_tup_fetch)::int as n from pg_stat_user_tables where relid = 'deliveries.delivery'::regclass",
      );
      return row!.n;
    };
    const before = await read();
    for (let canary = 0; canary < 3; canary += 1) expect(await sendCanaries(database, 0)).toEqual([id]);
    expect((await read()) - before).toBeLessThan(50);
    // Those before the last were given up for it.
    expect(await fixture.statuses()).toEqual({ delivered: TOLD, superseded: 2, pending: 1 });
  });

  /** Heads that are due one after the other, long after this test: many of the same session under ids of their own. */
  async function copyHeads(sessionId: string): Promise<void> {
    const columns = await fixture.database.query<{ name: string }>(
      `select attname as name from pg_attribute
       where attrelid = 'ledger.session_head'::regclass and attnum > 0 and not attisdropped order by attnum`,
    );
    const own: Record<string, string> = { session_id: 'gen_random_uuid()', due_at: 'h.due_at + n' };
    const values = columns.map(({ name }) => own[name] ?? `h.${name}`).join(', ');
    for (let made = 0; made < HEADS; made += ROWS_AT_ONCE) {
      await fixture.asOwner(
        `insert into ledger.session_head select ${values} from ledger.session_head h
         cross join generate_series(${made + 1}, ${Math.min(HEADS, made + ROWS_AT_ONCE)}) n where h.session_id = '${sessionId}'`,
      );
    }
  }

  it(`of ${HEADS} heads ${DUE} that are due are all recorded once by two sweepers, by index, within a minute`, async () => {
    const template = await fixture.session();
    await copyHeads(template.sessionId);
    await fixture.sessions(DUE, { agentId: template.agentId, issuedAgo: 540_000, maxRenewals: 0 });
    for (const statistics of ['none yet', 'fresh']) {
      if (statistics === 'fresh') await fixture.asOwner('analyze ledger.session_head');
      const plan = await planOf(DUE_HEADS, 'bigint, uuid', "-1, '00000000-0000-0000-0000-000000000000'");
      expect(plan).toContain('session_head_due');
      expect(plan).toMatch(/Index Cond: .*due_at <= .*ROW\(due_at, session_id\) > /);
      expect(plan).not.toMatch(/Seq Scan/);
    }

    const logger = testLogger('notifier');
    const { database, ledger } = fixture;
    const sweeps = [1, 2].map(() => new Sweep({ database, logger, commands: dueSessionCommands(ledger) }));
    const started = Date.now();
    const { signal } = new AbortController();
    await Promise.all(sweeps.map((sweep) => sweep.pass(signal)));
    const took = Date.now() - started;
    const announced = await fixture.database.query<{ stream_id: string; count: number }>(
      "select stream_id, count(*)::int as count from ledger.event where type = 'SessionExpiringSoon' group by stream_id",
    );
    expect(announced).toHaveLength(DUE);
    expect(announced.filter(({ count }) => count !== 1)).toEqual([]);
    expect(took).toBeLessThan(60_000);
    process.stdout.write(`${DUE} of ${HEADS} heads: ${took} ms\n`);
  }, 600_000);
});
