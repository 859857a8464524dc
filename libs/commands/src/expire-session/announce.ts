import {
  announceExpiringSoon as decideExpiringSoon,
  announceOverdue as decideOverdue,
  expireSession as decideExpired,
  type SessionExpiringSoon,
} from '#libs/session';
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

/** Records `SessionRenewalOverdue` where no renewal came in time. True when it was recorded now. */
export async function announceOverdue(deps: ChangeDeps, sessionId: string, caller: Caller): Promise<boolean> {
  const change = await changeSession(deps, sessionId, caller, ({ head, holderIds, now }) => {
    const overdue = decideOverdue(head, holderIds.length > 0, secondsOf(now));
    return overdue ? [overdue] : [];
  });
  return change?.changed ?? false;
}

/** Records `SessionExpired` once the current token is past its end. True when it was recorded now. */
export async function expireSession(deps: ChangeDeps, sessionId: string, caller: Caller): Promise<boolean> {
  const change = await changeSession(deps, sessionId, caller, ({ head, now }) => {
    const expired = decideExpired(head, secondsOf(now));
    return expired ? [expired] : [];
  });
  return change?.changed ?? false;
}
