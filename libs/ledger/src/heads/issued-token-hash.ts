import { sessionStream } from '#libs/contracts';
import type { Database } from '#libs/database';

// Every generation takes an event of its own, so generation n is never before version n + 1. In canonical JSON a quote inside a
// text is escaped: only the field itself reads like this.
export const ISSUED = `
select payload from ledger.event
where stream_id = $1 and version > $2 and type in ('SessionCreated', 'SessionRenewed')
  and strpos(payload, '"generation":' || $2 || ',') > 0
order by version desc limit 1`;

/** SHA-256 (lower-case hex) of the token that was issued as this generation of a session; null when none was. */
export async function issuedTokenHash(
  database: Database,
  sessionId: string,
  generation: number,
): Promise<string | null> {
  const values = [sessionStream(sessionId), generation];
  const [row] = await database.prepared<{ payload: string }>('heads.issuedTokenHash', ISSUED, values);
  return row ? (JSON.parse(row.payload) as { tokenHash: string }).tokenHash : null;
}
