import { type HeldSession } from './held-session.js';
import { type ServerClock } from './server-clock.js';

/**
 * - `active`: valid and renewed in time
 * - `expiring`: cannot be renewed any more, but still valid: keep using it
 * - `expired`: no token that would be accepted
 * - `error`: valid, but renewing it keeps failing
 */
export type SessionCondition = 'active' | 'expiring' | 'expired' | 'error';

/** Why the condition is what it is, beyond its name. */
export type SessionReason =
  | 'no_token'
  | 'token_expired'
  | 'token_refused'
  | 'session_revoked'
  | 'session_expired'
  | 'renewal_limit'
  | 'absolute_lifetime'
  | 'holder_required'
  | 'agent_disabled'
  | 'renewal_conflict'
  | 'renewal_refused'
  | 'server_unreachable'
  | 'kill_switch';

/** What a session looks like from its holder. Never the token. */
export interface SessionStatusReport {
  state: SessionCondition;
  reason: SessionReason | null;
  /** One sentence for a reader; null when all is well. */
  detail: string | null;
  sessionId: string | null;
  agentId: string | null;
  agentName: string | null;
  generation: number | null;
  /** RFC 3339 UTC. */
  expiresAt: string | null;
  /** Whole seconds until the token ends, on the server's clock. */
  secondsLeft: number | null;
  /** When the next renewal is due, RFC 3339 UTC; null when none will be tried. */
  renewAt: string | null;
  /** null: unlimited or not known yet. */
  remainingRenewals: number | null;
  /** When the session really ends, as the server last said; RFC 3339 UTC. */
  endsAt: string | null;
  holderId: string | null;
  /** Whether the token in the file is the one in memory. */
  tokenFileCurrent: boolean;
  tokenFile: string;
  /** Server minus local clock, milliseconds; null until an answer told. */
  clockOffsetMs: number | null;
}

export interface ReportContext {
  holderId: string | null;
  tokenFile: string;
  tokenFileCurrent: boolean;
  /** `performance.now()` before which no renewal is tried. */
  renewNotBefore: number;
}

/** The report on a held session as of now. */
export function reportOf(session: HeldSession, clock: ServerClock, context: ReportContext): SessionStatusReport {
  const { token, info } = session;
  const notice = session.notice();
  const renewable = session.usable() !== null && session.finality === null && context.renewNotBefore < Infinity;
  return {
    state: session.condition(),
    reason: notice?.reason ?? null,
    detail: notice?.detail ?? null,
    sessionId: token?.sid ?? null,
    agentId: token?.sub ?? null,
    agentName: info?.agentName ?? null,
    generation: token?.gen ?? null,
    expiresAt: token === null ? null : new Date(token.exp * 1000).toISOString(),
    secondsLeft: token === null ? null : Math.max(0, Math.floor(token.exp - clock.now() / 1000)),
    renewAt: renewable && session.renewAt !== null ? new Date(session.renewAt).toISOString() : null,
    remainingRenewals: info?.remainingRenewals ?? null,
    endsAt: info?.endsAt ?? null,
    holderId: context.holderId,
    tokenFileCurrent: context.tokenFileCurrent,
    tokenFile: context.tokenFile,
    clockOffsetMs: clock.known ? Math.round(clock.offset()) : null,
  };
}
