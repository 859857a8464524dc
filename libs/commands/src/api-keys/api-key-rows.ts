import type { ApiKeyView } from '#libs/contracts';
import type { ApiKeyHead } from '#libs/ledger';
import { toRfc3339 } from '#libs/session';

/** Columns of `ledger.api_key` under the names of its head, and when it was used. */
export const API_KEY_COLUMNS = `
  k.key_id as "keyId", k.name, k.role, k.agents, k.secret_hash as "secretHash", k.created_by as "createdBy",
  k.created_at as "createdAt", k.revoked_at as "revokedAt", u.last_used_at as "lastUsedAt"`;

export interface ApiKeyRow extends ApiKeyHead {
  /** Epoch seconds. */
  lastUsedAt: number | null;
}

export function apiKeyViewOf(row: ApiKeyHead & { lastUsedAt?: number | null }): ApiKeyView {
  return {
    id: row.keyId,
    name: row.name,
    role: row.role,
    agents: row.agents,
    createdAt: toRfc3339(row.createdAt),
    revokedAt: row.revokedAt === null ? null : toRfc3339(row.revokedAt),
    lastUsedAt: row.lastUsedAt === null || row.lastUsedAt === undefined ? null : toRfc3339(row.lastUsedAt),
  };
}
