import { type CurrentToken } from './current-token.js';

/** Columns with their types, in the order of the fields. */
const COLUMNS: readonly (readonly [keyof CurrentToken, string, string])[] = [
  ['sessionId', 'session_id', 'uuid'],
  ['agentId', 'agent_id', 'uuid'],
  ['agentName', 'agent_name', 'text'],
  ['status', 'status', 'text'],
  ['generation', 'generation', 'int'],
  ['tokenHash', 'token_hash', 'text'],
  ['issuedAt', 'issued_at', 'timestamptz'],
  ['expiresAt', 'expires_at', 'timestamptz'],
  ['absoluteExpiresAt', 'absolute_expires_at', 'timestamptz'],
  ['renewalCount', 'renewal_count', 'int'],
  ['maxRenewals', 'max_renewals', 'int'],
  ['endedBy', 'ended_by', 'text'],
  ['version', 'version', 'bigint'],
  ['changedAt', 'changed_at', 'timestamptz'],
  ['changedPosition', 'changed_position', 'bigint'],
];

const RFC3339 = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;

/** Select list that gives the fields of CurrentToken. */
export const CURRENT_TOKEN_SELECT = COLUMNS.map(([field, column, type]) => {
  const value = type === 'timestamptz' ? `to_char(${column} at time zone 'UTC', ${RFC3339})` : column;
  return `${value} as "${field}"`;
}).join(', ');

/** Writes rows over what is there. */
export function upsertText(table: string): string {
  const names = COLUMNS.map(([, column]) => column);
  const arrays = COLUMNS.map(([, , type], index) => `$${index + 1}::${type}[]`);
  const updates = names.filter((name) => name !== 'session_id').map((name) => `${name} = excluded.${name}`);
  return `
    insert into ${table} as target (${names.join(', ')}) select * from unnest(${arrays.join(', ')})
    on conflict (session_id) do update set ${updates.join(', ')}
    where target.version < excluded.version`;
}

export function upsertValues(rows: readonly CurrentToken[]): unknown[] {
  return COLUMNS.map(([field]) => rows.map((row) => row[field]));
}
