import { toRfc3339 } from '../epoch.js';
import type { TokenGrant } from '../grant.js';
import type { SessionConstraints, SessionEvent, TokenTexts } from '../session.events.js';

/** Every field resolved: request > agent's defaults > configuration > constants. */
export interface CreateSession {
  sessionId: string;
  agentId: string;
  agentName: string;
  /** Database time, epoch seconds. */
  now: number;
  expiresIn: number;
  maxRenewals: number | null;
  renewalRejectWindow: number;
  /** Seconds from now to the absolute end. */
  absoluteLifetime: number;
  constraints: SessionConstraints;
  reason?: string;
  labels?: Record<string, string>;
  /** Present, if only empty, where the session ends the agent's others. */
  supersedes?: string[];
}

export function grantFirstToken(command: CreateSession): TokenGrant {
  return {
    sessionId: command.sessionId,
    agentId: command.agentId,
    generation: 0,
    issuedAt: command.now,
    expiresAt: command.now + command.expiresIn,
    ...(command.constraints.allowedOperations && { allowedOperations: command.constraints.allowedOperations }),
  };
}

export function sessionCreated(command: CreateSession, grant: TokenGrant, token: TokenTexts): SessionEvent {
  const { sessionId, agentId, agentName, expiresIn, maxRenewals, renewalRejectWindow, constraints } = command;
  return {
    type: 'SessionCreated',
    data: {
      sessionId,
      agentId,
      agentName,
      generation: 0,
      ...token,
      expiresIn,
      issuedAt: toRfc3339(grant.issuedAt),
      expiresAt: toRfc3339(grant.expiresAt),
      absoluteExpiresAt: toRfc3339(command.now + command.absoluteLifetime),
      maxRenewals,
      renewalRejectWindow,
      constraints,
      ...(command.reason !== undefined && { reason: command.reason }),
      ...(command.labels !== undefined && { labels: command.labels }),
      ...(command.supersedes !== undefined && { supersedes: command.supersedes }),
    },
  };
}
