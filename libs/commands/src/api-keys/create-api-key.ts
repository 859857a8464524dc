import { LedgerError, SYSTEM_STREAM, type ApiKeyWithSecret, type CreateApiKeyBody } from '#libs/contracts';
import type { AppendedStream, ApiKeyHead, EventStore } from '#libs/ledger';
import { newId } from '#libs/platform';
import { append } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { newEvents, secondsOf } from '../new-events.js';
import { findReceipt } from '../receipts.js';
import { ApiKeys } from './api-key-queries.js';
import { apiKeyViewOf } from './api-key-rows.js';
import { hashOfApiKey, newApiKeySecret } from './api-key-secret.js';

type Deps = Pick<CommandDeps, 'store' | 'heads' | 'database'>;

/** Makes a key and shows it this once. A replay answers without it: only its hash is kept. */
export async function createApiKey(deps: Deps, body: CreateApiKeyBody, caller: Caller): Promise<ApiKeyWithSecret> {
  const earlier = await findReceipt(deps.database, caller.idempotency);
  if (earlier) return replay(deps, earlier);
  const secret = newApiKeySecret();
  const now = await deps.heads.now();
  const head: ApiKeyHead = {
    keyId: newId(),
    name: body.name,
    role: body.role,
    agents: body.agents ?? null,
    secretHash: hashOfApiKey(secret),
    createdBy: caller.actor,
    createdAt: secondsOf(now),
    revokedAt: null,
  };
  const { keyId, role, secretHash } = head;
  const data = { keyId, role, ...(body.agents && { agents: body.agents }), secretHash };
  const fact = { type: 'ApiKeyCreated' as const, data };
  const { replayed, streams } = await append(deps.store, {
    streams: [{ streamId: SYSTEM_STREAM, expectedVersion: null, events: newEvents([fact], now) }],
    heads: { apiKeys: [head] },
    actor: caller.actor,
    requestId: caller.requestId,
    ...(caller.idempotency && { idempotency: caller.idempotency }),
    duringKillSwitch: true,
  });
  return replayed ? replay(deps, streams) : { ...apiKeyViewOf(head), key: secret };
}

async function replay({ store, database }: Deps, streams: AppendedStream[]): Promise<ApiKeyWithSecret> {
  const row = await new ApiKeys(database).find(await keyIdOf(store, streams));
  if (!row) throw new LedgerError('NOT_FOUND');
  return { ...apiKeyViewOf(row), key: null };
}

async function keyIdOf(store: EventStore, [written]: AppendedStream[]): Promise<string> {
  if (!written) throw new LedgerError('IDEMPOTENCY_KEY_REUSED');
  const [event] = await store.readStream(written.streamId, { fromVersion: written.firstVersion, limit: 1 });
  if (event?.type !== 'ApiKeyCreated') throw new LedgerError('IDEMPOTENCY_KEY_REUSED');
  return (event.data as { keyId: string }).keyId;
}
