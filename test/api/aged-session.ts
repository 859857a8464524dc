import pg from 'pg';
import type { SessionWithToken } from '#libs/contracts';
import type { RunningApi } from './running-api.js';

/** A session whose token was issued three fifths of its TTL ago, so that it can be renewed at once. */
export async function agedSession(
  api: RunningApi,
  ...of: Parameters<RunningApi['session']>
): Promise<SessionWithToken & { token: string }> {
  const session = await api.session(...of);
  await age(api, session.id);
  return session as SessionWithToken & { token: string };
}

/** Lets three fifths of a TTL pass for this session. */
export async function age(api: Pick<RunningApi, 'database'>, sessionId: string): Promise<void> {
  const client = new pg.Client({ connectionString: api.database.url });
  await client.connect();
  try {
    const text = 'update ledger.session_head set issued_at = issued_at - expires_in * 3 / 5 where session_id = $1';
    await client.query(text, [sessionId]);
  } finally {
    await client.end();
  }
}
