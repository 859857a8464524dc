import type pg from 'pg';

const BATCH = 2_000;
/** Of each table. What has more was filled by a statement of the test: its rows are all alike. */
const MOST_ROWS = 20_000;
const TABLES = `
select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'
order by 1`;
const BYTES = /\\x((?:[0-9a-f]{2}){8,})/g;

/** The rows of every table as text, and what stands in hex once more decoded. */
export async function dumpDatabase(client: pg.Client, write: (content: Buffer) => void): Promise<void> {
  const { rows: tables } = await client.query<{ name: string }>(TABLES);
  if (tables.length === 0) return;
  const parts = tables.map(
    ({ name }) => `(select '${name.replaceAll("'", "''")}' as name, t::text as line from ${name} t limit ${MOST_ROWS})`,
  );
  await client.query('begin read only');
  await client.query(`declare dump no scroll cursor for ${parts.join(' union all ')}`);
  for (;;) {
    const { rows } = await client.query<{ name: string; line: string }>(`fetch ${BATCH} from dump`);
    if (rows.length === 0) break;
    // A row's text doubles its quotes.
    const text = rows.map(({ name, line }) => `${name} ${line.replaceAll('""', '"')}\n`).join('');
    const decoded = [...text.matchAll(BYTES)].map(([, hex = '']) => Buffer.from(`${hex}0a`, 'hex'));
    write(Buffer.concat([Buffer.from(text), ...decoded]));
  }
  await client.query('commit');
}
