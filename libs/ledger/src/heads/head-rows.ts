import type { AgentHead, ApiKeyHead, AppendRequest, HolderHead, SessionHead } from '../types.js';

type Snake<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${Snake<Tail>}`
  : S;
/** A head as its table names its columns. */
export type RowOf<T> = { [K in keyof T & string as Snake<K>]: T[K] };

const SESSION_FIELDS = [
  'sessionId',
  'agentId',
  'agentName',
  'status',
  'version',
  'generation',
  'tokenHeader',
  'tokenPayload',
  'tokenHash',
  'expiresIn',
  'issuedAt',
  'expiresAt',
  'absoluteExpiresAt',
  'maxRenewals',
  'renewalCount',
  'renewalRejectWindow',
  'rejectWindowEndsAt',
  'previousTokenAccepted',
  'constraints',
  'reason',
  'labels',
  'createdAt',
  'expiringSoonAnnounced',
  'overdueGeneration',
  'dueAt',
] as const satisfies (keyof SessionHead)[];
const AGENT_FIELDS = [
  'agentId',
  'name',
  'enabled',
  'defaultConstraints',
  'createdAt',
  'version',
] as const satisfies (keyof AgentHead)[];
const HOLDER_FIELDS = [
  'holderId',
  'agentId',
  'sessionId',
  'name',
  'signingKey',
  'sealingKey',
  'createdAt',
  'removedAt',
] as const satisfies (keyof HolderHead)[];
const API_KEY_FIELDS = [
  'keyId',
  'name',
  'role',
  'agents',
  'secretHash',
  'createdBy',
  'createdAt',
  'revokedAt',
] as const satisfies (keyof ApiKeyHead)[];

/** A compile error here names a field that a list above lacks: it would be lost between head and row. */
type Covers<T, F extends readonly (keyof T)[]> = Exclude<keyof T, F[number]> extends never ? true : never;
const complete: [
  Covers<SessionHead, typeof SESSION_FIELDS>,
  Covers<AgentHead, typeof AGENT_FIELDS>,
  Covers<HolderHead, typeof HOLDER_FIELDS>,
  Covers<ApiKeyHead, typeof API_KEY_FIELDS>,
] = [true, true, true, true];
void complete;

function column(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function mapping<T extends object>(fields: readonly (keyof T & string)[]) {
  const pairs = fields.map((field) => [field, column(field)] as const);
  // Every request maps a head: a loop costs a third of building it from entries.
  return {
    toRow(head: T): RowOf<T> {
      const row: Record<string, unknown> = {};
      for (const [field, name] of pairs) row[name] = head[field];
      return row as RowOf<T>;
    },
    fromRow(row: RowOf<T>): T {
      const head: Record<string, unknown> = {};
      for (const [field, name] of pairs) head[field] = (row as Record<string, unknown>)[name];
      return head as T;
    },
  };
}

export const sessionRows = mapping<SessionHead>(SESSION_FIELDS);
export const agentRows = mapping<AgentHead>(AGENT_FIELDS);
export const holderRows = mapping<HolderHead>(HOLDER_FIELDS);
export const apiKeyRows = mapping<ApiKeyHead>(API_KEY_FIELDS);

/**
 * What changes of a session's head in its life. Field by field: for many appends at once a loop over them takes longer than all
 * else that is done for them.
 */
export function changingColumns(head: SessionHead): Partial<RowOf<SessionHead>> {
  return {
    session_id: head.sessionId,
    status: head.status,
    version: head.version,
    generation: head.generation,
    token_header: head.tokenHeader,
    token_payload: head.tokenPayload,
    token_hash: head.tokenHash,
    issued_at: head.issuedAt,
    expires_at: head.expiresAt,
    renewal_count: head.renewalCount,
    reject_window_ends_at: head.rejectWindowEndsAt,
    previous_token_accepted: head.previousTokenAccepted,
    expiring_soon_announced: head.expiringSoonAnnounced,
    overdue_generation: head.overdueGeneration,
    due_at: head.dueAt,
  };
}

/** The heads of an append as JSON for `ledger.put_heads`; null when it has none. */
export function headsParameter(heads: AppendRequest['heads']): string | null {
  const sessions = heads?.sessions?.map(sessionRows.toRow);
  const agents = heads?.agents?.map(agentRows.toRow);
  const holders = heads?.holders?.map(holderRows.toRow);
  const apiKeys = heads?.apiKeys?.map(apiKeyRows.toRow);
  const killSwitch = heads?.killSwitch && {
    active: heads.killSwitch.active,
    reason: heads.killSwitch.reason,
    changed_at: heads.killSwitch.changedAt,
  };
  if (!sessions?.length && !agents?.length && !holders?.length && !apiKeys?.length && !killSwitch) return null;
  return JSON.stringify({
    ...(sessions?.length && { sessions }),
    ...(agents?.length && { agents }),
    ...(holders?.length && { holders }),
    ...(apiKeys?.length && { api_keys: apiKeys }),
    ...(killSwitch && { kill_switch: killSwitch }),
  });
}
