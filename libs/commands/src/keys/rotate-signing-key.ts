import { type EventData, JWKS_MAX_AGE, type KeyRotationView, LedgerError, SYSTEM_STREAM } from '#libs/contracts';
import { toRfc3339 } from '#libs/session';
import type { SigningKey } from '#libs/tokens';
import { append } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { newEvents, secondsOf } from '../new-events.js';
import { findReceipt, recordedEvent } from '../receipts.js';
import { applyRecordedRotations } from './recorded-rotations.js';
import { isKeyNeeded, rotateSessionsOfKey } from './sessions-of-key.js';
import { withSigningKeyLock } from './signing-key-lock.js';

type Rotated = EventData['SigningKeyRotated'];

/**
 * Publishes a new signing key at once and signs with it as soon as every verifier had the time to see it. Ends no session.
 * `revoke` is the emergency: that key is worth nothing from now on and its sessions get other tokens; where it was the one
 * that signs, the new key signs at once. Errors: NOT_FOUND (no such key), IDEMPOTENCY_KEY_REUSED.
 */
export async function rotateSigningKey(
  deps: CommandDeps,
  { revoke }: { revoke?: string },
  caller: Caller,
): Promise<KeyRotationView> {
  const rotated = await rotate(deps, revoke, caller);
  // Also on a repetition: the first call may have died half-way through its sessions.
  const rotatedSessions =
    rotated.revokedKid === undefined ? 0 : await rotateSessionsOfKey(deps, rotated.revokedKid, caller);
  return {
    kid: rotated.kid,
    signsFrom: rotated.signsFrom,
    previousKid: rotated.previousKid ?? null,
    revokedKid: rotated.revokedKid ?? null,
    rotatedSessions,
  };
}

function rotate(deps: CommandDeps, revoke: string | undefined, caller: Caller): Promise<Rotated> {
  const { keys } = deps;
  return withSigningKeyLock(deps.database, async () => {
    // Before the receipt is looked for: the call that left it may have died between its event and its keys.
    await applyRecordedRotations(deps);
    const receipt = await findReceipt(deps.database, caller.idempotency);
    if (receipt) return recordedEvent(deps.store, receipt, 'SigningKeyRotated');
    const known = await keys.list();
    if (revoke !== undefined && !known.some((key) => key.kid === revoke)) {
      throw new LedgerError('NOT_FOUND', { detail: `There is no signing key ${revoke}.` });
    }
    const now = await deps.heads.now();
    const seconds = secondsOf(now);
    const previousKid = (await keys.signer(seconds)).kid;
    const signsFrom = revoke === previousKid ? seconds : seconds + JWKS_MAX_AGE;
    const { kid } = await keys.add(seconds);
    const rotated: Rotated = {
      kid,
      previousKid,
      signsFrom: toRfc3339(signsFrom),
      ...(revoke !== undefined && { revokedKid: revoke }),
    };
    const result = await append(deps.store, {
      streams: [
        {
          streamId: SYSTEM_STREAM,
          expectedVersion: null,
          events: newEvents([{ type: 'SigningKeyRotated', data: rotated }], now),
        },
      ],
      actor: caller.actor,
      requestId: caller.requestId,
      ...(caller.idempotency && { idempotency: caller.idempotency }),
      duringKillSwitch: true,
    });
    if (result.replayed) {
      await applyRecordedRotations(deps);
      return recordedEvent(deps.store, result.streams, 'SigningKeyRotated');
    }
    await keys.activate(kid, signsFrom);
    if (revoke !== undefined) await keys.revoke(revoke, seconds);
    await retireOldKeys(deps, known, seconds);
    return rotated;
  });
}

/** A key that signs no more stays as long as the token of a live session was made with it, and its successor is not yet settled. */
async function retireOldKeys(deps: CommandDeps, known: SigningKey[], now: number): Promise<void> {
  const byStart = known.filter((key) => key.signsFrom !== null).sort((a, b) => (b.signsFrom ?? 0) - (a.signsFrom ?? 0));
  const settled = byStart.findIndex((key) => (key.signsFrom ?? 0) + JWKS_MAX_AGE <= now);
  if (settled < 0) return;
  for (const { kid, privateKey } of byStart.slice(settled + 1)) {
    if (privateKey !== null && !(await isKeyNeeded(deps, kid))) await deps.keys.retire(kid);
  }
}
