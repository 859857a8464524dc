import { SYSTEM_STREAM } from '#libs/contracts';
import type { Database } from '#libs/database';

/** Version of the system stream: whoever decides on its facts appends at the version that it read before them. */
export async function systemVersion(database: Database): Promise<number> {
  const [row] = await database.prepared<{ version: number }>(
    'commands.system-version',
    'select version from ledger.stream where stream_id = $1',
    [SYSTEM_STREAM],
  );
  return row?.version ?? 0;
}
