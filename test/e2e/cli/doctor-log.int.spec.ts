import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { until } from '#libs/testing';
import { CliFixture } from './cli-fixture.js';

let fixture: CliFixture;
let operator: pg.Client;
beforeAll(async () => {
  fixture = await CliFixture.open();
  operator = new pg.Client({ connectionString: fixture.database.url });
  await operator.connect();
  await fixture.json('channel', 'add', 'webhook', 'ops', '--url', 'http://127.0.0.1:9/hook');
});
afterAll(async () => {
  await operator.end();
  await fixture[Symbol.asyncDispose]();
});

interface Finding {
  check: string;
  status: string;
  summary: string;
  remedy?: string;
}

/** What doctor finds about one thing, and its exit code. */
async function finding(check: string): Promise<Finding & { exit: number }> {
  const run = await fixture.run('doctor', '--output', 'json');
  const { findings } = run.json as { findings: Finding[] };
  const found = findings.find((each) => each.check === check);
  if (found === undefined) throw new Error(`nothing about ${check}: ${run.stdout}`);
  return { ...found, exit: run.exit };
}

describe('doctor on a database of another age', () => {
  it('15. newer than the server: names what is unknown, and says not to go back', async () => {
    const name = 'from-the-future1700000009999';
    await operator.query('insert into public.session_ledger_migration (timestamp, name) values (1700000009999, $1)', [
      name,
    ]);
    expect(await finding('schema')).toMatchObject({
      exit: 1,
      status: 'failed',
      summary:
        'The database schema is newer than the server: it has had 9999-from-the-future, which this version does not know.',
      remedy: 'Start the newer version of the server; do not go back to this one.',
    });
    await operator.query('delete from public.session_ledger_migration where name = $1', [name]);
    expect(await finding('schema')).toMatchObject({ status: 'ok' });
  });

  it('16. older than the server, even where a later migration has run: names what is missing', async () => {
    const { rows } = await operator.query<{ timestamp: string; name: string }>(
      "delete from public.session_ledger_migration where name like 'deliveries%' returning timestamp, name",
    );
    expect(rows).toHaveLength(1);
    expect(await finding('schema')).toMatchObject({
      exit: 1,
      status: 'failed',
      summary: 'The database schema is older than the server: it lacks 0040-deliveries.',
      remedy: 'Restart the server: it migrates at start.',
    });
    await operator.query('insert into public.session_ledger_migration (timestamp, name) values ($1, $2)', [
      rows[0]?.timestamp,
      rows[0]?.name,
    ]);
    expect(await finding('schema')).toMatchObject({ status: 'ok' });
  });
});

describe('doctor while nobody gives events their place', () => {
  it('17. warns after seconds, and calls it broken after a minute', async () => {
    const [sequencer] = fixture.services.splice(0, 1);
    await fixture.untilLogIsComplete();
    await sequencer?.close();
    await fixture.json('agent', 'add', 'waiting');
    const late = await until(
      async () => {
        const found = await finding('sequencer');
        return found.status === 'warning' ? found : null;
      },
      { describe: 'the warning', pollMs: 250 },
    );
    expect(late.summary).toMatch(/^1 event\(s\) wait for their place in the log, the oldest for \d+ s\.$/);
    expect(late.remedy).toMatch(/^Look whether the sequencer runs; its log names a transaction/);

    // A minute passes at once: the operator of the database may do what the ledger's triggers refuse.
    await operator.query('begin');
    await operator.query('set local session_replication_role = replica');
    await operator.query(
      "update ledger.event set occurred_at = occurred_at - interval '2 minutes' where type = 'AgentRegistered'",
    );
    await operator.query('commit');
    const stuck = await finding('sequencer');
    expect(stuck).toMatchObject({ exit: 1, status: 'failed' });
    expect(stuck.summary).toMatch(/the oldest for 1\d\d s: no alert and no hot swap comes through\.$/);
  });
});
