import { expect, it } from '@jest/globals';
import pg from 'pg';
import { until } from '#libs/testing';
import { ReceiptRetention } from '../../../apps/sequencer/src/receipts/receipt-retention.js';
import { createLog } from './log-fixture.js';

it('old receipts are forgotten in small batches, young ones stay', async () => {
  await using log = await createLog();
  const superuser = new pg.Client({ connectionString: log.url });
  await superuser.connect();
  await superuser.query(`
    insert into ledger.receipt (scope, key, fingerprint, streams, recorded_at)
    select 's', n::text, '\\x00', '[]', now() - case when n <= 1200 then interval '31 days' else interval '29 days' end
    from generate_series(1, 1210) n`);
  // Every transaction that deletes says how much it took.
  await superuser.query(`
    create table public.batch (deleted bigint);
    create function public.count_batch() returns trigger language plpgsql security definer as
      $$ begin insert into public.batch select count(*) from gone; return null; end $$;
    create trigger count_batch after delete on ledger.receipt referencing old table as gone
      for each statement execute function public.count_batch()`);
  const stop = new AbortController();
  const forgotten: number[] = [];
  const running = new ReceiptRetention(log.database, (count) => forgotten.push(count)).run(stop.signal);
  await until(() => forgotten.length > 0, { describe: 'the receipts to be forgotten' });
  stop.abort();
  await running;
  const { rows } = await superuser.query<{ deleted: string }>('select deleted from public.batch');
  expect(rows.map(({ deleted }) => Number(deleted))).toEqual([500, 500, 200]);
  expect(forgotten).toEqual([1200]);
  const left = await superuser.query<{ n: number }>('select count(*)::int as n from ledger.receipt');
  expect(left.rows).toEqual([{ n: 10 }]);
  await superuser.end();
  await expect(log.database.query('select ledger.forget_receipts(0, 10)')).rejects.toMatchObject({ code: 'LG012' });
});
