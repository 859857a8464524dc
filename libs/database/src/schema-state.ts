import { type Database } from './database.js';
import { loadMigrations } from './migrations.js';

export interface SchemaState {
  /** Name of the newest migration of the code. */
  expected: string;
  /** Name of the newest migration that the database has had. */
  actual: string;
}

/** Whether code and database are of the same age. */
export async function schemaState(database: Database): Promise<SchemaState> {
  const Newest = loadMigrations().at(-1);
  const [row] = await database.query<{ name: string }>(
    'select name from public.session_ledger_migration order by timestamp desc limit 1',
  );
  return { expected: readable(Newest ? (new Newest().name ?? '') : ''), actual: readable(row?.name ?? '') };
}

/** `telegram-bot1700000000060` → `0060-telegram-bot`, as the file is called. */
function readable(name: string): string {
  const [, title, number] = /^(.*?)\d{9}(\d{4})$/.exec(name) ?? [];
  return title === undefined ? name : `${number}-${title}`;
}
