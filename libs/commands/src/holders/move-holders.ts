import type { DomainEvent } from '#libs/contracts';
import type { HolderHead, NewEvent } from '#libs/ledger';
import { newEvents } from '../new-events.js';

/** Ends and moves of one append, which takes 1,000 events. */
export const MOST_AT_ONCE = 990;

/** The move of these holders to another session of their agent, as facts and heads. `now` is database milliseconds. */
export function moveHolders(
  holders: HolderHead[],
  { agentId, sessionId, now }: { agentId: string; sessionId: string; now: number },
): { events: NewEvent[]; heads: HolderHead[] } {
  const moved = holders.map(({ holderId }): DomainEvent => ({
    type: 'HolderAssigned',
    data: { agentId, holderId, sessionId },
  }));
  return { events: newEvents(moved, now), heads: holders.map((holder) => ({ ...holder, sessionId })) };
}
