import pg from 'pg';

const SCHEMAS = ['ledger', 'read_model', 'deliveries'];
const BATCH = 1_000;

/** What a dump and restore do: every row of a migrated database into another one that has just been migrated. */
export async function copyDatabase(fromUrl: string, toUrl: string): Promise<void> {
  const [source, target] = [new pg.Client({ connectionString: fromUrl }), new pg.Client({ connectionString: toUrl })];
  await Promise.all([source.connect(), target.connect()]);
  try {
    await target.query('set session_replication_role = replica');
    const { rows: tables } = await source.query<{ name: string; identity: string | null }>(
      `select format('%I.%I', t.schemaname, t.tablename) as name,
         (select c.column_name from information_schema.columns c
          where c.table_schema = t.schemaname and c.table_name = t.tablename and c.is_identity = 'YES') as identity
       from pg_tables t where t.schemaname = any($1)`,
      [SCHEMAS],
    );
    for (const { name, identity } of tables) {
      await target.query(`truncate ${name} cascade`);
      await copyTable(source, target, name);
      if (identity !== null) await copySequence(source, target, name, identity);
    }
  } finally {
    await Promise.all([source.end(), target.end()]);
  }
}

async function copyTable(source: pg.Client, target: pg.Client, name: string): Promise<void> {
  const { rows } = await source.query<{ text: string }>(`select t::text as text from ${name} t`);
  for (let at = 0; at < rows.length; at += BATCH) {
    const part = rows.slice(at, at + BATCH).map(({ text }) => text);
    await target.query(`insert into ${name} overriding system value select (r::${name}).* from unnest($1::text[]) r`, [
      part,
    ]);
  }
}

async function copySequence(source: pg.Client, target: pg.Client, table: string, column: string): Promise<void> {
  const { rows } = await source.query<{ next: string }>(`select coalesce(max(${column}), 0) + 1 as next from ${table}`);
  await target.query('select setval(pg_get_serial_sequence($1, $2), $3, false)', [table, column, rows[0]?.next]);
}
