import { existsSync } from 'node:fs';
import { rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { EmbeddedPostgres } from '#libs/embedded';

/**
 * Takes all room from the write-ahead log: its next segment is a file that every write answers with "no space left on
 * device", and the present one is closed. PostgreSQL cannot write anything then: it falls, recovers, and falls again until there is
 * room.
 */
export async function fullWalOf(server: EmbeddedPostgres): Promise<{ makeRoom(): Promise<void> }> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const { rows } = await client.query<{ file: string }>('select pg_walfile_name(pg_current_wal_insert_lsn()) as file');
  const segment = join(server.cluster, 'pg_wal', segmentAfter(rows[0]?.file ?? ''));
  const kept = join(server.cluster, 'kept-segment');
  const isThere = existsSync(segment);
  if (isThere) await rename(segment, kept);
  await symlink('/dev/full', segment);
  // The server may end before it answers.
  client.on('error', () => undefined);
  await client.query('select pg_switch_wal()').catch(() => undefined);
  await client.end().catch(() => undefined);
  return {
    async makeRoom() {
      // In one step: the server that falls and recovers would make a segment of its own in a gap.
      if (isThere) await rename(kept, segment);
      else await unlink(segment);
    },
  };
}

/** Names are three numbers of eight hex digits: timeline, and the place; 256 segments of 16 MB make one step of the second. */
function segmentAfter(name: string): string {
  const [, timeline = '', high = '', low = ''] = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name) ?? [];
  const next = parseInt(high, 16) * 256 + parseInt(low, 16) + 1;
  const hex = (number: number) => number.toString(16).toUpperCase().padStart(8, '0');
  return timeline + hex(Math.floor(next / 256)) + hex(next % 256);
}
