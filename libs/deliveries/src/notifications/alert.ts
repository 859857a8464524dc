import { domainEventOf, type AlertLevel, type CloudEvent, type EventType } from '#libs/contracts';

/** Facts are told for three days. */
const FACT_DEADLINE_SECONDS = 72 * 3600;

export interface Alert {
  event: CloudEvent;
  type: EventType;
  level: AlertLevel;
  /** Epoch milliseconds after which telling it helps nobody. */
  deadline: number;
  /** Only for channels that name this event: it is a fact, not an alert. */
  onlyByName: boolean;
  agentId: string | null;
  sessionId: string | null;
  generation: number | null;
}

/**
 * What an event means for the owner; null for a type that this version does not know.
 *
 * @param tokenEnd when the session's current token ends, epoch milliseconds: the deadline of an overdue renewal
 */
export function alertOf(event: CloudEvent, tokenEnd: number | null): Alert | null {
  const fact = domainEventOf(event);
  if (fact === null) return null;
  const data = fact.data as { agentId?: string; sessionId?: string; generation?: number };
  const { level, onlyByName, until } = weigh(fact, tokenEnd);
  return {
    event,
    type: fact.type,
    level,
    deadline: until ?? Date.parse(event.time) + FACT_DEADLINE_SECONDS * 1000,
    onlyByName,
    agentId: data.agentId ?? null,
    sessionId: data.sessionId ?? null,
    generation: data.generation ?? null,
  };
}

interface Weight {
  level: AlertLevel;
  onlyByName: boolean;
  until?: number | null;
}

function weigh(fact: NonNullable<ReturnType<typeof domainEventOf>>, tokenEnd: number | null): Weight {
  switch (fact.type) {
    case 'SessionExpiringSoon':
      return { level: 'WARNING', onlyByName: false, until: Date.parse(fact.data.endsAt) };
    case 'SessionRenewalOverdue':
      return { level: 'WARNING', onlyByName: false, until: tokenEnd };
    case 'SessionRenewed':
      return { level: 'INFO', onlyByName: false, until: Date.parse(fact.data.rejectWindowEndsAt) };
    case 'SessionRevoked': {
      const suspicious = fact.data.trigger === 'renewal_rejected' || fact.data.trigger === 'token_reuse';
      return { level: suspicious ? 'WARNING' : 'INFO', onlyByName: false };
    }
    case 'SessionExpired':
      return { level: 'WARNING', onlyByName: false };
    case 'TokenReuseDetected':
    case 'UnprovenRenewalRefused':
    case 'KillSwitchActivated':
      return { level: 'CRITICAL', onlyByName: false };
    case 'SessionCreated':
    case 'TokenHandedOver':
    case 'AgentRegistered':
    case 'AgentDefaultsChanged':
    case 'AgentDisabled':
    case 'AgentEnabled':
    case 'HolderRegistered':
    case 'HolderAssigned':
    case 'HolderRemoved':
    case 'KillSwitchReleased':
    case 'SigningKeyRotated':
    case 'LogKeyRotated':
    case 'ApiKeyCreated':
    case 'ApiKeyRevoked':
    case 'ChannelAdded':
    case 'ChannelChanged':
    case 'ChannelRemoved':
    case 'SilenceSet':
    case 'SilenceEnded':
      return { level: 'INFO', onlyByName: true };
  }
}
