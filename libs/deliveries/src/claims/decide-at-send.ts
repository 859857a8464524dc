import type { AlertLevel, EventType } from '#libs/contracts';
import { evaluateExpiry, type ExpiryState } from '#libs/session';
import type { Stage } from '../notifications/record-notification.js';

/** The session as it is at the moment of sending. */
export interface SessionNow extends ExpiryState {
  generation: number;
  hasHolder: boolean;
}

export interface SilenceNow {
  agentId: string | null;
  sessionId: string | null;
  mode: 'snooze' | 'silence';
  /** Epoch milliseconds. */
  endsAt: number;
}

export interface DueAlert {
  stage: Stage;
  eventType: string;
  level: AlertLevel;
  agentId: string | null;
  sessionId: string | null;
  generation: number | null;
  /** Causes of a `SessionExpiringSoon`. */
  causes: string[];
  /** Epoch milliseconds. */
  deadline: number;
}

/** What the owner does not want to be told now. */
export interface OwnersWishes {
  /** Those that end last come first. */
  silences: readonly SilenceNow[];
  /** End of the channel's quiet hours, epoch milliseconds; null when none hold. */
  quietUntil: number | null;
}

/** Whose wish a message waits for. */
export type Postponement = 'snooze' | 'quiet_hours';

export type SendDecision =
  | { do: 'send' }
  /** It is no longer true: the session `ended`, or was `renewed`. */
  | { do: 'supersede'; because: 'ended' | 'renewed'; detail: string }
  | { do: 'suppress'; by: SilenceNow['mode']; detail: string }
  | { do: 'postpone'; until: number; by: Postponement; detail: string }
  | { do: 'die'; detail: string };

const SEND: SendDecision = { do: 'send' };

/**
 * Whether an alert is still worth sending. Asked before every attempt: what was true when the event was recorded may have
 * changed while a channel was down.
 *
 * @param now epoch milliseconds
 */
export function decideAtSend(
  alert: DueAlert,
  session: SessionNow | null,
  { silences, quietUntil }: OwnersWishes,
  now: number,
): SendDecision {
  if (now >= alert.deadline) return { do: 'die', detail: 'the deadline has passed' };
  if (alert.stage === 'test' || alert.stage === 'canary' || alert.stage === 'trouble') return SEND;
  if (alert.stage === 'checkpoint') return putOff(alert, quietUntil, now) ?? SEND;
  const moot = session === null ? null : whyMoot(alert, session, now);
  if (moot) return moot;
  if (alert.level === 'CRITICAL') return SEND;
  return silenced(alert, silences) ?? putOff(alert, quietUntil, now) ?? SEND;
}

function whyMoot(alert: DueAlert, session: SessionNow, now: number): SendDecision | null {
  const type = alert.eventType as EventType;
  if (type !== 'SessionExpiringSoon' && type !== 'SessionRenewalOverdue' && type !== 'SessionRenewed') return null;
  if (session.status !== 'active') {
    return { do: 'supersede', because: 'ended', detail: `the session is ${session.status} already` };
  }
  if (type === 'SessionExpiringSoon') {
    const afterRefusal = alert.causes.includes('renewals');
    const { holds } = evaluateExpiry(session, now / 1000, { afterRefusal, hasHolder: session.hasHolder });
    return holds ? null : { do: 'supersede', because: 'renewed', detail: 'the session no longer expires soon' };
  }
  if (alert.stage !== 'withdrawn' && session.generation !== alert.generation) {
    return { do: 'supersede', because: 'renewed', detail: 'the session was renewed meanwhile' };
  }
  return null;
}

/** A silence goes before any snooze, however long: what is put off might be sent once the silence is over. */
function silenced(alert: DueAlert, silences: readonly SilenceNow[]): SendDecision | null {
  const concerning = silences.filter(
    ({ agentId, sessionId }) =>
      (agentId === null || agentId === alert.agentId) && (sessionId === null || sessionId === alert.sessionId),
  );
  const silence = concerning.find(({ mode }) => mode === 'silence') ?? concerning[0];
  if (!silence) return null;
  const until = new Date(silence.endsAt).toISOString();
  if (silence.mode === 'silence')
    return { do: 'suppress', by: 'silence', detail: `silenced by the owner until ${until}` };
  if (silence.endsAt < alert.deadline)
    return { do: 'postpone', until: silence.endsAt, by: 'snooze', detail: `snoozed until ${until}` };
  return { do: 'suppress', by: 'snooze', detail: `snoozed until ${until}, after its deadline` };
}

/** Nobody is woken for what can wait: where, after the quiet hours, at least as much time is left as it waited. */
function putOff(alert: DueAlert, quietUntil: number | null, now: number): SendDecision | null {
  if (quietUntil === null || alert.deadline - quietUntil < quietUntil - now) return null;
  const detail = `quiet hours until ${new Date(quietUntil).toISOString()}`;
  return { do: 'postpone', until: quietUntil, by: 'quiet_hours', detail };
}
