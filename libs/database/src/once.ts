import type { PoolClient } from 'pg';
import { LedgerError } from '#libs/contracts';
import type { Database } from './database.js';

/** How a request is recognised when it comes again. */
export interface RepeatableRequest {
  /** Credential and route. */
  scope: string;
  key: string;
  /** Over the request as it was sent. */
  fingerprint: Uint8Array;
}

/** As long as the ledger's receipts are kept. */
const KEPT_DAYS = 30;
/** Old ones that go whenever a new one comes. */
const FORGOTTEN_AT_ONCE = 10;

/**
 * Makes a change in one transaction, and makes it once: a request that comes again, also at the same moment, gets the outcome
 * of the first. The outcome is kept as JSON: ids, no secrets. Errors:
 * IDEMPOTENCY_KEY_REUSED.
 */
export function once<T>(
  database: Database,
  request: RepeatableRequest | undefined,
  change: (client: PoolClient) => Promise<T>,
): Promise<Once<T>> {
  return database.transaction((client) => onceWithin(client, request, () => change(client)));
}

export interface Once<T> {
  outcome: T;
  repeated: boolean;
}

/** The same within a transaction of the caller's. */
export async function onceWithin<T>(
  client: PoolClient,
  request: RepeatableRequest | undefined,
  change: () => Promise<T>,
): Promise<Once<T>> {
  if (request === undefined) return { outcome: await change(), repeated: false };
  const { scope, key, fingerprint } = request;
  const values = [scope, key, Buffer.from(fingerprint)];
  // A twin that is under way holds the row: this waits for how it ends.
  const begun = await client.query(
    'insert into ledger.answered_request (scope, key, fingerprint) values ($1, $2, $3) on conflict do nothing',
    values,
  );
  if (begun.rowCount === 0) return { outcome: await earlier<T>(client, values), repeated: true };
  const outcome = await change();
  await client.query('update ledger.answered_request set outcome = $3 where scope = $1 and key = $2', [
    scope,
    key,
    JSON.stringify(outcome),
  ]);
  await forgetOld(client);
  return { outcome, repeated: false };
}

async function earlier<T>(client: PoolClient, [scope, key, fingerprint]: unknown[]): Promise<T> {
  const { rows } = await client.query<{ same: boolean; outcome: T }>(
    'select fingerprint = $3 as same, outcome from ledger.answered_request where scope = $1 and key = $2',
    [scope, key, fingerprint],
  );
  if (rows[0]?.same !== true) throw new LedgerError('IDEMPOTENCY_KEY_REUSED');
  return rows[0].outcome;
}

async function forgetOld(client: PoolClient): Promise<void> {
  await client.query(
    `delete from ledger.answered_request where ctid in (
       select ctid from ledger.answered_request where recorded_at < clock_timestamp() - make_interval(days => $1)
       order by recorded_at limit $2 for update skip locked)`,
    [KEPT_DAYS, FORGOTTEN_AT_ONCE],
  );
}
