import { expect, it } from '@jest/globals';
import pg from 'pg';
import { lastPosition } from '#libs/ledger';
import { appendMany, appendTo, createLog, sequenceCount, type LogFixture } from './log-fixture.js';

async function sequenceNext(log: LogFixture, count: number): Promise<void> {
  const client = await log.database.connect();
  try {
    await sequenceCount(client, count);
  } finally {
    client.release();
  }
}

/** What a dump restored into another cluster looks like: another identifier, transaction ids far above the cluster's own. */
async function moveToAnotherCluster(url: string): Promise<void> {
  const superuser = new pg.Client({ connectionString: url });
  await superuser.connect();
  await superuser.query(`
    set session_replication_role = replica;
    update ledger.event set txid = (txid::text::bigint + 1000000000)::text::xid8;
    update ledger.sequencer set txid = (txid::text::bigint + 1000000000)::text::xid8;
    update ledger.log set system_identifier = 'another', server_started_at = server_started_at - interval '1 day'`);
  await superuser.end();
}

it('a database restored into a new cluster opens an epoch: the old tail first, then what is new, nothing skipped', async () => {
  await using log = await createLog();
  await appendMany(log.ledger, 40, 5);
  await sequenceNext(log, 25);
  const before = await log.ledger.readLog({ after: 0, limit: 100 });
  const old = await log.database.query<{ id: string }>('select event_id::text as id from ledger.event');
  await moveToAnotherCluster(log.url);

  const fresh = await appendTo(log.ledger);
  await sequenceNext(log, 16);
  const after = await log.ledger.readLog({ after: 0, limit: 100 });
  expect(after.slice(0, 25)).toEqual(before);
  expect(after.map(({ position }) => position)).toEqual(Array.from({ length: 41 }, (_, index) => index + 1));
  expect(
    after
      .slice(0, 40)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(old.map(({ id }) => id).sort());
  expect(after[40]?.id).toBe(fresh);
  const versions = new Map<string, number>();
  for (const { streamId, version } of after) {
    expect(version).toBe((versions.get(streamId) ?? 0) + 1);
    versions.set(streamId, version);
  }
  const [row] = await log.database.query('select epoch from ledger.log');
  expect(row).toEqual({ epoch: 2 });
});

it('the old tail is sequenced also when nothing new is appended, and an epoch opens once', async () => {
  await using log = await createLog();
  await appendMany(log.ledger, 10, 2);
  await moveToAnotherCluster(log.url);
  await sequenceNext(log, 10);
  expect(await lastPosition(log.database)).toBe(10);
  await Promise.all(Array.from({ length: 10 }, () => appendTo(log.ledger)));
  await sequenceNext(log, 10);
  expect(await lastPosition(log.database)).toBe(20);
  const [row] = await log.database.query('select epoch from ledger.log');
  expect(row).toEqual({ epoch: 2 });
});
