import type { Database } from './database.js';
import { loadMigrations } from './migrations.js';

export interface SchemaState {
  /** Name of the newest migration of the code. */
  expected: string;
  /** Name of the newest migration that the database has had. */
  actual: string;
  /** Migrations of the code that the database has not had: it is older. */
  missing: string[];
  /** Migrations that the database has had and the code does not know: it is newer. */
  unknown: string[];
}

/** Whether code and database are of the same age. */
export async function schemaState(database: Database): Promise<SchemaState> {
  const own = loadMigrations().map((Migration) => new Migration().name ?? '');
  const rows = await database.query<{ name: string }>(
    'select name from public.session_ledger_migration order by timestamp',
  );
  const applied = rows.map(({ name }) => name);
  return {
    expected: readable(own.at(-1) ?? ''),
    actual: readable(applied.at(-1) ?? ''),
    missing: own.filter((name) => !applied.includes(name)).map(readable),
    unknown: applied.filter((name) => !own.includes(name)).map(readable),
  };
}

/** `telegram-bot1700000000060` → `0060-telegram-bot`, as the file is called. */
function readable(name: string): string {
  const [, title, number] = /^(.*?)\d{9}(\d{4})$/.exec(name) ?? [];
  return title === undefined ? name : `${number}-${title}`;
}
