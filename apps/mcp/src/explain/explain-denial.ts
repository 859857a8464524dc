import { eventTypeOf, type CloudEvent } from '#libs/contracts';

export type Verdict =
  | 'superseded_token'
  | 'session_revoked'
  | 'session_expired'
  | 'token_expired'
  | 'kill_switch'
  | 'no_token'
  | 'operation_not_allowed'
  | 'renewal_limit'
  | 'absolute_lifetime'
  | 'before_session'
  | 'not_the_session';

export interface DeniedCall {
  /** Epoch milliseconds. */
  time: number;
  /** Generation of the token that the call used, where known. */
  generation: number | null;
  /** Operation that the call needed, where known. */
  operation: string | null;
  /** `allowedOperations` of the session; null: unrestricted or not known. */
  allowedOperations: readonly string[] | null;
}

export interface Explanation {
  verdict: Verdict;
  explanation: string;
  /** Positions of the events that it rests on. */
  evidence: number[];
}

/** Says from a session's events (any order) why a call at that time was refused. Pure. */
export function explainDenial(call: DeniedCall, events: readonly CloudEvent[]): Explanation {
  const past = events
    .filter((event) => Date.parse(event.time) <= call.time)
    .sort((left, right) => left.streamversion - right.streamversion);
  const ended = past.find((event) => ['SessionRevoked', 'SessionExpired'].includes(eventTypeOf(event.type) ?? ''));
  if (ended !== undefined) return explainEnd(ended);
  const issued = past.findLast((event) => ['SessionCreated', 'SessionRenewed'].includes(eventTypeOf(event.type) ?? ''));
  if (issued === undefined) {
    return { verdict: 'before_session', explanation: 'The session did not exist at that time.', evidence: [] };
  }
  const current = Number(issued.data['generation'] ?? 0);
  const expiresAt = String(issued.data['expiresAt'] ?? '');
  const evidence = [issued.position];
  if (call.generation !== null && call.generation < current) {
    const how = issued.data['cause'] === 'rotation' ? 'rotated' : 'renewed';
    const explanation = `The call used generation ${call.generation}; ${issued.actor} had ${how} the session to generation ${current} at ${issued.time}.`;
    return { verdict: 'superseded_token', explanation, evidence };
  }
  if (Date.parse(expiresAt) <= call.time) {
    return { verdict: 'token_expired', explanation: `The token ended at ${expiresAt} and was not renewed.`, evidence };
  }
  const { operation, allowedOperations } = call;
  if (operation !== null && allowedOperations !== null && !allowedOperations.includes(operation)) {
    const explanation = `The session allows ${allowedOperations.join(', ') || 'no operation'}; the call needed ${operation}.`;
    return { verdict: 'operation_not_allowed', explanation, evidence };
  }
  const explanation = `At that time the session was active on generation ${current}, valid until ${expiresAt}. The service that refused the call did so for a reason of its own: its audience, its rules, or a stale copy of the revocation feed.`;
  return { verdict: 'not_the_session', explanation, evidence };
}

function explainEnd(event: CloudEvent): Explanation {
  const revoked = eventTypeOf(event.type) === 'SessionRevoked';
  const reason = event.data['reason'] === undefined ? '' : ` (${String(event.data['reason'])})`;
  return {
    verdict: revoked ? 'session_revoked' : 'session_expired',
    explanation: revoked
      ? `${event.actor} revoked the session at ${event.time}: ${String(event.data['trigger'])}${reason}.`
      : `The session ended at ${event.time}: ${String(event.data['cause'])}.`,
    evidence: [event.position],
  };
}
