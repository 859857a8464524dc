import type { PoolClient } from '#libs/database';

/** A delivery that was found under way although its lease is over. */
export interface LostAttempt {
  delivery_id: string;
  status: string;
  attempts: number;
  unknowns: number;
}

/** An attempt whose lease ran out: its worker is gone, and nobody knows how far it came. */
export async function closeLostAttempts(client: PoolClient, rows: readonly LostAttempt[]): Promise<void> {
  const lost = rows.filter((row) => row.status === 'attempting');
  if (lost.length === 0) return;
  const ids = lost.map((row) => row.delivery_id);
  await client.query(
    `update deliveries.attempt a set ended_at = clock_timestamp(), outcome = 'unknown', reason = 'worker_lost',
       detail = 'the worker ended during the attempt'
     from unnest($1::uuid[], $2::int[]) as l (id, number)
     where a.delivery_id = l.id and a.number = l.number and a.ended_at is null`,
    [ids, lost.map((row) => row.attempts)],
  );
  await client.query(
    "update deliveries.delivery set status = 'unknown', unknowns = unknowns + 1 where delivery_id = any($1)",
    [ids],
  );
  for (const row of lost) row.unknowns += 1;
}
