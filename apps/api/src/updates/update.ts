import type { CloudEvent } from '#libs/contracts';

/** An event of the log on its way to the open streams. */
export interface Update {
  position: number;
  /** null: an event of no agent. */
  agentId: string | null;
  event: CloudEvent;
}

export function updateOf(event: CloudEvent): Update {
  const { agentId } = event.data as { agentId?: string };
  return { position: event.position, agentId: agentId ?? null, event };
}
