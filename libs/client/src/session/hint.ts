import { eventTypeOf, type CloudEvent } from '#libs/contracts';
import type { HeldToken } from './held-token.js';

/** What a piece of news asks for. `catch-up`: there may be a newer token; `verify`: the session may have ended. */
export type Hint = { kind: 'catch-up'; generation?: number } | { kind: 'verify' };

/** Reads one event of the agent; null when it changes nothing for this holder. */
export function hintOf(event: CloudEvent, held: HeldToken | null, holderId: string | null): Hint | null {
  const data = event.data as { sessionId?: unknown; generation?: unknown; holderId?: unknown };
  const own = held !== null && data.sessionId === held.sid;
  switch (eventTypeOf(event.type)) {
    case 'SessionRenewed':
      if (!own || typeof data.generation !== 'number') return null;
      return data.generation > held.gen ? { kind: 'catch-up', generation: data.generation } : null;
    case 'SessionRevoked':
    case 'SessionExpired':
      return own ? { kind: 'verify' } : null;
    case 'SessionCreated':
      return holderId !== null || held === null ? { kind: 'catch-up' } : null;
    case 'HolderRegistered':
    case 'HolderAssigned':
      return holderId !== null && data.holderId === holderId ? { kind: 'catch-up' } : null;
    case 'AgentEnabled':
      return { kind: 'verify' };
    default:
      return null;
  }
}
