import { rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/**
 * Takes all room from one table that is still empty: its file is one that every write answers with "no space left on
 * device". Needs no rights but those over the cluster's files. Connections are made anew: they keep files open.
 */
export async function fullDiskFor(superuserUrl: string, table: string): Promise<{ makeRoom(): Promise<void> }> {
  const file = await fileOf(superuserUrl, table);
  // Nothing of it may wait for the next checkpoint: that one would find what cannot be synced, and the whole server would fall.
  await ask(superuserUrl, 'checkpoint');
  await rename(file, `${file}.kept`);
  await symlink('/dev/full', file);
  await disconnectAll(superuserUrl);
  return {
    async makeRoom() {
      await unlink(file);
      await rename(`${file}.kept`, file);
      await disconnectAll(superuserUrl);
    },
  };
}

async function fileOf(url: string, table: string): Promise<string> {
  const [row] = await ask<{ folder: string; file: string; blocks: number }>(
    url,
    `select current_setting('data_directory') as folder, pg_relation_filepath('${table}') as file,
       pg_relation_size('${table}')::int as blocks`,
  );
  if (row?.blocks !== 0) throw new Error(`${table} is not empty`);
  return join(row.folder, row.file);
}

async function disconnectAll(url: string): Promise<void> {
  await ask(
    url,
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
  );
}

async function ask<T extends pg.QueryResultRow>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}
