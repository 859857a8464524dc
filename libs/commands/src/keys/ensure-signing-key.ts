import { type DomainEvent, SYSTEM_STREAM } from '#libs/contracts';
import { newId } from '#libs/platform';
import { toRfc3339 } from '#libs/session';
import { append } from '../append.js';
import type { CommandDeps } from '../command-deps.js';
import { newEvents, secondsOf } from '../new-events.js';
import { applyRecordedRotations } from './recorded-rotations.js';
import { withSigningKeyLock } from './signing-key-lock.js';

/** Makes the first signing key where there is none; of several instances that start together one makes it. */
export async function ensureSigningKey(
  deps: Pick<CommandDeps, 'store' | 'database' | 'heads' | 'keys'>,
): Promise<void> {
  const { store, heads, keys } = deps;
  await withSigningKeyLock(deps.database, async () => {
    await applyRecordedRotations(deps);
    if (await hasSigner(keys)) return;
    const now = await heads.now();
    const { kid } = await keys.add(secondsOf(now));
    const signsFrom = secondsOf(now);
    const rotated: DomainEvent = { type: 'SigningKeyRotated', data: { kid, signsFrom: toRfc3339(signsFrom) } };
    await append(store, {
      streams: [{ streamId: SYSTEM_STREAM, expectedVersion: null, events: newEvents([rotated], now) }],
      actor: 'system',
      requestId: newId(),
      duringKillSwitch: true,
    });
    await keys.activate(kid, signsFrom);
  });
}

async function hasSigner(keys: CommandDeps['keys']): Promise<boolean> {
  return (await keys.list()).some((key) => key.signsFrom !== null && key.revokedAt === null);
}
