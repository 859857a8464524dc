import { type EventData, type LogKeyRotationView, SYSTEM_STREAM } from '#libs/contracts';
import { appendWithin, LogKeys, logOrigin, newLogKey, type Sealer } from '#libs/ledger';
import type { Caller, CommandDeps } from '../command-deps.js';
import { newEvents } from '../new-events.js';
import { findReceipt, recordedEvent } from '../receipts.js';
import { withSigningKeyLock } from './signing-key-lock.js';

type Rotated = EventData['LogKeyRotated'];

/**
 * Makes the next key of the log's checkpoints: whoever leads the log signs with it from its next checkpoint on. The keys before sign
 * nothing more and still verify. Errors: IDEMPOTENCY_KEY_REUSED.
 */
export function rotateLogKey(
  deps: CommandDeps,
  { sealer, issuer }: { sealer: Sealer; issuer: string },
  caller: Caller,
): Promise<LogKeyRotationView> {
  const { database, store, heads } = deps;
  const keys = new LogKeys(database);
  const viewOf = async ({ keyId, previousKeyId }: Rotated) => ({
    keyId,
    key: await keys.verifier(keyId),
    previousKeyId: previousKeyId ?? null,
  });
  return withSigningKeyLock(database, async () => {
    const receipt = await findReceipt(database, caller.idempotency);
    if (receipt) return viewOf(await recordedEvent(store, receipt, 'LogKeyRotated'));
    // Of a new log as well: were there none yet, its leader could make the first one while this one is being recorded.
    const current = await keys.standing(sealer, logOrigin(issuer));
    const next = newLogKey(sealer, current.origin);
    const rotated: Rotated = { keyId: next.keyId, previousKeyId: current.keyId };
    const events = newEvents([{ type: 'LogKeyRotated', data: rotated }], await heads.now());
    await database.transaction(async (client) => {
      await appendWithin(client, {
        streams: [{ streamId: SYSTEM_STREAM, expectedVersion: null, events }],
        duringKillSwitch: true,
        ...caller,
      });
      await next.replaceWithin(client);
    });
    return viewOf(rotated);
  });
}
