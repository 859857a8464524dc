import { announceExpiringSoon as decideExpiringSoon, type SessionExpiringSoon } from '#libs/session';
import { changeSession } from '../change-session.js';
import type { Caller, ChangeDeps } from '../command-deps.js';
import { secondsOf } from '../new-events.js';

/** Records `SessionExpiringSoon` where the rule first holds. True when it was recorded now. */
export async function announceExpiringSoon(
  deps: ChangeDeps,
  sessionId: string,
  trigger: SessionExpiringSoon['trigger'],
  caller: Caller,
): Promise<boolean> {
  const change = await changeSession(deps, sessionId, caller, ({ head, holderIds, now }) => {
    const announced = decideExpiringSoon(head, secondsOf(now), trigger, holderIds.length > 0);
    return announced ? [announced] : [];
  });
  return change?.changed ?? false;
}
