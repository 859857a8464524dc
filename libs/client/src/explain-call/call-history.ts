import { domainEventOf, type CloudEvent } from '#libs/contracts';
import { evolve, isSessionEvent, type SessionEvent, type SessionState } from '#libs/session';
import type { Link } from './verdicts.js';

/** What the ledger says that bears on one session. Any order. */
export interface CallEvents {
  session: readonly CloudEvent[];
  /** Of the agent (enabled, disabled) and of the kill switch; others are ignored. */
  context: readonly CloudEvent[];
}

/** A session event with who and when. */
export interface Told {
  event: SessionEvent;
  envelope: CloudEvent;
}

/** The session's past up to a moment. */
export interface CallHistory {
  at: Date;
  /** Null before it was created. */
  state: SessionState | null;
  told: Told[];
  killSwitch: Switch;
  agentDisabled: Switch;
}

/** Something that is on or off, with the event that turned it last. */
export interface Switch {
  on: boolean;
  turnedBy: CloudEvent | null;
  /** The last event that turned it on. */
  lastOn: CloudEvent | null;
}

/** The events up to and including `at`, folded. */
export function callHistory({ session, context }: CallEvents, at: Date): CallHistory {
  const until = (event: CloudEvent) => Date.parse(event.time) <= at.getTime();
  const told = session
    .filter(until)
    .sort((left, right) => left.streamversion - right.streamversion)
    .flatMap((envelope): Told[] => {
      const event = domainEventOf(envelope);
      return event !== null && isSessionEvent(event) ? [{ event, envelope }] : [];
    });
  const state = told.reduce<SessionState | null>((folded, { event }) => evolve(folded, event), null);
  const past = context.filter(until).sort((left, right) => left.position - right.position);
  return {
    at,
    state,
    told,
    killSwitch: switchOf(past, 'KillSwitchActivated', 'KillSwitchReleased'),
    agentDisabled: switchOf(past, 'AgentDisabled', 'AgentEnabled'),
  };
}

function switchOf(events: readonly CloudEvent[], on: string, off: string): Switch {
  const turned: Switch = { on: false, turnedBy: null, lastOn: null };
  for (const envelope of events) {
    const type = domainEventOf(envelope)?.type;
    if (type !== on && type !== off) continue;
    turned.on = type === on;
    turned.turnedBy = envelope;
    if (type === on) turned.lastOn = envelope;
  }
  return turned;
}

/** The last event of a type, or undefined. */
export function lastTold<T extends SessionEvent['type']>(
  { told }: CallHistory,
  type: T,
): { event: Extract<SessionEvent, { type: T }>; envelope: CloudEvent } | undefined {
  return told.findLast(({ event }) => event.type === type) as
    { event: Extract<SessionEvent, { type: T }>; envelope: CloudEvent } | undefined;
}

export function link({ time, actor }: CloudEvent, what: string): Link {
  return { at: time, actor, what };
}
