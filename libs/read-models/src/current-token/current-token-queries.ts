import type { Database } from '#libs/database';
import type { CurrentToken } from './current-token.js';
import { CURRENT_TOKEN_SELECT } from './current-token-rows.js';

type Row = CurrentToken & Record<string, unknown>;

/** Token state of one session, as far as the projector has come; null when it knows no such session. */
export async function currentTokenOf(database: Database, sessionId: string): Promise<CurrentToken | null> {
  const text = `select ${CURRENT_TOKEN_SELECT} from read_model.current_token where session_id = $1`;
  return (await database.query<Row>(text, [sessionId]))[0] ?? null;
}

/** Sessions whose token state changed after a position, oldest change first: a feed for verifiers. */
export async function tokenChangesAfter(database: Database, position: number, limit: number): Promise<CurrentToken[]> {
  const text = `
    select ${CURRENT_TOKEN_SELECT} from read_model.current_token
    where changed_position > $1 order by changed_position limit $2`;
  return database.query<Row>(text, [position, limit]);
}
