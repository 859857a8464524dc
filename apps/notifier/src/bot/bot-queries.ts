import type { Database } from '#libs/database';

export interface AliveSession {
  sessionId: string;
  agentName: string;
}

/** The newest sessions that still have a valid token. */
export function aliveSessions(database: Database, limit: number): Promise<(AliveSession & Record<string, unknown>)[]> {
  return database.query(
    `select session_id::text as "sessionId", agent_name as "agentName" from ledger.session_head
     where status = 'active' and expires_at > extract(epoch from clock_timestamp())
     order by created_at desc, session_id desc limit $1`,
    [limit],
  );
}

/** Living sessions whose id begins so; at most `limit`. */
export function sessionsByPrefix(
  database: Database,
  prefix: string,
  limit: number,
): Promise<(AliveSession & Record<string, unknown>)[]> {
  return database.query(
    `select session_id::text as "sessionId", agent_name as "agentName" from ledger.session_head
     where status = 'active' and session_id::text like $1 order by session_id limit $2`,
    [`${prefix}%`, limit],
  );
}

export interface KnownAgent {
  agentId: string;
  name: string;
}

/** Agents that may get a session, by name. */
export function enabledAgents(database: Database, limit: number): Promise<(KnownAgent & Record<string, unknown>)[]> {
  return database.query(
    'select agent_id::text as "agentId", name from ledger.agent_head where enabled order by name limit $1',
    [limit],
  );
}
