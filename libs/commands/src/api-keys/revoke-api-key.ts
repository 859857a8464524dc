import { LedgerError, SYSTEM_STREAM } from '#libs/contracts';
import { append } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { newEvents, secondsOf } from '../new-events.js';
import { ApiKeys } from './api-key-queries.js';

type Deps = Pick<CommandDeps, 'store' | 'heads' | 'database'>;

/** Ends a key at once. A key that has ended stays as it is. Throws NOT_FOUND. */
export async function revokeApiKey(deps: Deps, keyId: string, caller: Caller, reason?: string): Promise<void> {
  const row = await new ApiKeys(deps.database).find(keyId);
  if (!row) throw new LedgerError('NOT_FOUND');
  if (row.revokedAt !== null) return;
  const now = await deps.heads.now();
  const fact = { type: 'ApiKeyRevoked' as const, data: { keyId, ...(reason && { reason }) } };
  const { lastUsedAt: _, ...head } = row;
  await append(deps.store, {
    streams: [{ streamId: SYSTEM_STREAM, expectedVersion: null, events: newEvents([fact], now) }],
    heads: { apiKeys: [{ ...head, revokedAt: secondsOf(now) }] },
    actor: caller.actor,
    requestId: caller.requestId,
    // Two revocations at once are one fact.
    idempotency: { scope: 'revoke-api-key', key: keyId, fingerprint: Buffer.from(keyId) },
    duringKillSwitch: true,
  });
}
