import type { UpdatesState } from '../updates/updates-state.js';

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
  /** How the agent's news come in: what others do to the session is heard at once, soon, or only by the token file and a 401. */
  updates: UpdatesState;
  /** Whether the token in the file is the one in memory. */
  tokenFileCurrent: boolean;
  tokenFile: string;
  /** The owner's labels, as the ledger told them last. */
  labels: Record<string, string> | null;
  /** Server minus local clock, milliseconds; null until an answer told. */
  clockOffsetMs: number | null;
}
