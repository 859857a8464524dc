import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import pg from 'pg';
import { SecretBox } from '#libs/tokens';

export interface Stored {
  where: string;
  content: Buffer | string;
}

const TABLES = `
select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by 1`;

/** Every row of every table as text, bytes in hex, as a dump has it. */
export async function dumpOf(url: string): Promise<Stored[]> {
  return withClient(url, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(TABLES);
    const dump: Stored[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ line: string }>(`select t::text as line from ${name} t`);
      dump.push({ where: `table ${name}`, content: rows.map(({ line }) => line.replaceAll('""', '"')).join('\n') });
    }
    return dump;
  });
}

/** The private halves of signing keys and log keys: the database has them sealed. */
export async function privateKeysIn(url: string, sealKey: string): Promise<[string, string][]> {
  const box = SecretBox.open({ base64: sealKey });
  return withClient(url, async (client) => {
    const signing = await client.query<{ kid: string; private_key: Buffer }>(
      'select kid, private_key from ledger.signing_key where private_key is not null',
    );
    const log = await client.query<{ key_id: string; sealed: Buffer }>('select key_id, sealed from ledger.log_key');
    return [
      ...signing.rows.map(({ kid, private_key }): [string, string] => {
        const { d } = JSON.parse(box.unseal(private_key, `signing-key:${kid}`)) as { d: string };
        return [`signing key ${kid}`, d];
      }),
      ...log.rows.map(({ key_id, sealed }): [string, string] => {
        const lines = box.unseal(sealed, `log_key/${key_id}`).split('\n');
        return [`log key ${key_id}`, lines[1] ?? ''];
      }),
    ];
  });
}

/** Every file below a folder, with its path from there. */
export function filesIn(folder: string): { path: string; mode: number; content: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: relative(folder, path), mode: statSync(path).mode & 0o777, content: readFileSync(path) };
    });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
