import { EVENT_TYPES, type DomainEvent } from './event-types.js';
import { LOG } from './names.js';

export const SYSTEM_STREAM = 'system';

export function sessionStream(sessionId: string): string {
  return `session:${sessionId}`;
}

export function agentStream(agentId: string): string {
  return `agent:${agentId}`;
}

/** Token in place of an id where a subject has none. Never the shape of an id. */
const NONE = '_';

/** `ledger.v1.<log>.<agentId>.<sessionId>.<event>`; `_` stands where an event has no agent or session. */
export function subjectOf(event: DomainEvent): string {
  const data = event.data as { agentId?: string; sessionId?: string };
  const { area, token } = EVENT_TYPES[event.type];
  const agent = area === 'system' ? NONE : (data.agentId ?? NONE);
  const session = area === 'session' ? (data.sessionId ?? NONE) : NONE;
  return `ledger.v1.${LOG}.${agent}.${session}.${token}`;
}

/** All that the stream carries. */
export const LOG_SUBJECTS = `ledger.v1.${LOG}.>`;
/** Signed checkpoints of the log, latest wins. */
export const CHECKPOINT_SUBJECT = `ledger-checkpoint.v1.${LOG}`;
/** Fire-and-forget wake-up for the sequencer after an append; losing one costs one poll interval. */
export const APPEND_HINT_SUBJECT = `ledger-hint.v1.${LOG}`;

/** What a desktop may hear of its agent. */
export function agentSubjects(agentId: string): string {
  return `ledger.v1.*.${agentId}.>`;
}
