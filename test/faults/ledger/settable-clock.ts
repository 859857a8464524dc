import pg from 'pg';

/**
 * Lets a test set the clock of one database while its services run: whatever asks for `clock_timestamp()` there gets the
 * server's time and an offset. To be called on an empty database, before it is migrated.
 */
export async function settableClock(
  databaseUrl: string,
): Promise<{ set(ms: number): Promise<void> } & AsyncDisposable> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`
    set allow_system_table_mods = on;
    create table public.clock_offset (ms bigint not null);
    insert into public.clock_offset values (0);
    grant select on public.clock_offset to public;
    alter function pg_catalog.clock_timestamp() rename to true_clock_timestamp;
    create function pg_catalog.clock_timestamp() returns timestamptz language sql volatile as
      'select pg_catalog.true_clock_timestamp() + (select ms from public.clock_offset) * interval ''1 millisecond'''`);
  return {
    async set(ms) {
      await client.query('update public.clock_offset set ms = $1', [ms]);
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
