import type { Database } from '#libs/database';

/** How long a repeated command still gets its first answer. */
export const RECEIPT_DAYS = 30;

/** Forgets at most `limit` of the receipts that are older than that, in one short transaction; answers how many. */
export async function forgetReceipts(database: Database, limit: number): Promise<number> {
  const text = 'select ledger.forget_receipts($1, $2) as count';
  const [row] = await database.query<{ count: number }>(text, [RECEIPT_DAYS, limit]);
  return row?.count ?? 0;
}
