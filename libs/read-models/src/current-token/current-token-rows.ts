import { arrayParameter } from '../array-parameter.js';
import type { CurrentToken, TokenChange } from './current-token.js';

type Column = readonly [keyof CurrentToken, string, string];

const KEY: Column = ['sessionId', 'session_id', 'uuid'];
/** Set once, by the event that creates the session. */
const FIXED: readonly Column[] = [
  ['agentId', 'agent_id', 'uuid'],
  ['agentName', 'agent_name', 'text'],
  ['absoluteExpiresAt', 'absolute_expires_at', 'timestamptz'],
  ['maxRenewals', 'max_renewals', 'int'],
];
/** What later events change. None of it goes back to null. */
const CHANGING: readonly Column[] = [
  ['status', 'status', 'text'],
  ['generation', 'generation', 'int'],
  ['tokenHash', 'token_hash', 'text'],
  ['issuedAt', 'issued_at', 'timestamptz'],
  ['expiresAt', 'expires_at', 'timestamptz'],
  ['renewalCount', 'renewal_count', 'int'],
  ['endedBy', 'ended_by', 'text'],
  ['version', 'version', 'bigint'],
  ['changedAt', 'changed_at', 'timestamptz'],
  ['changedPosition', 'changed_position', 'bigint'],
];
const COLUMNS = [KEY, ...FIXED, ...CHANGING];

const RFC3339 = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;

/** Select list that gives the fields of CurrentToken. */
export const CURRENT_TOKEN_SELECT = COLUMNS.map(([field, column, type]) => {
  const value = type === 'timestamptz' ? `to_char(${column} at time zone 'UTC', ${RFC3339})` : column;
  return `${value} as "${field}"`;
}).join(', ');

/** Writes the rows of new sessions. */
export function insertText(table: string): string {
  const names = COLUMNS.map(([, column]) => column);
  const updates = names.filter((name) => name !== 'session_id').map((name) => `${name} = excluded.${name}`);
  return `
    insert into ${table} (${names.join(', ')}) select * from unnest(${parameters(COLUMNS)})
    on conflict (session_id) do update set ${updates.join(', ')}`;
}

export function insertValues(changes: readonly TokenChange[]): string[] {
  return columnArrays(COLUMNS, changes);
}

/** Changes rows that are there, each once, without reading them first: what a change leaves out stays. */
export function updateText(table: string): string {
  const names = CHANGING.map(([, column]) => column);
  const sets = names.map((name) => `${name} = coalesce(change.${name}, target.${name})`);
  return `
    update ${table} target set ${sets.join(', ')}
    from unnest(${parameters([KEY, ...CHANGING])}) as change (session_id, ${names.join(', ')})
    where target.session_id = change.session_id`;
}

export function updateValues(changes: readonly TokenChange[]): string[] {
  return columnArrays([KEY, ...CHANGING], changes);
}

function parameters(columns: readonly Column[]): string {
  return columns.map(([, , type], index) => `$${index + 1}::${type}[]`).join(', ');
}

function columnArrays(columns: readonly Column[], changes: readonly TokenChange[]): string[] {
  return columns.map(([field]) => arrayParameter(changes.map(({ fields }) => fields[field])));
}
