interface OneConnection {
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

/** Rows of these tables that were fetched so far, and entries of their indexes that were read; all of its own of a pool with one connection. */
export async function rowsRead(connection: OneConnection, ...tables: string[]): Promise<number> {
  await connection.query('select pg_stat_force_next_flush()');
  const [row] = await connection.query(
    `select sum(t.seq_tup_read + t.idx_tup_fetch + (
       select sum(i.idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid
     ))::int as n
     from pg_stat_user_tables t where t.relid = any($1::text[]::regclass[])`,
    [tables],
  );
  return row?.['n'] as number;
}
