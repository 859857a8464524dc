import { type EventData, SYSTEM_STREAM } from '#libs/contracts';
import { toEpochSeconds } from '#libs/session';
import type { CommandDeps } from '../command-deps.js';
import { secondsOf } from '../new-events.js';

type KeyDeps = Pick<CommandDeps, 'store' | 'heads' | 'keys'>;

/**
 * Brings the keys to what the ledger says: a process may have died between the event and the key. A key without its event never
 * signs and stays as it is.
 */
export async function applyRecordedRotations({ store, heads, keys }: KeyDeps): Promise<void> {
  const known = await keys.list();
  const unfinished = known.some((key) => key.signsFrom === null);
  const rotations = await recordedRotations(store);
  const unrevoked = rotations.some(({ revokedKid }) =>
    known.some((key) => key.kid === revokedKid && key.revokedAt === null),
  );
  if (!unfinished && !unrevoked) return;
  const now = secondsOf(await heads.now());
  for (const { kid, signsFrom, revokedKid } of rotations) {
    if (known.some((key) => key.kid === kid && key.signsFrom === null)) {
      await keys.activate(kid, toEpochSeconds(signsFrom));
    }
    if (revokedKid !== undefined) await keys.revoke(revokedKid, now);
  }
}

async function recordedRotations(store: CommandDeps['store']): Promise<EventData['SigningKeyRotated'][]> {
  const events = await store.readStream(SYSTEM_STREAM);
  return events
    .filter(({ type }) => type === 'SigningKeyRotated')
    .map(({ data }) => data as EventData['SigningKeyRotated']);
}
