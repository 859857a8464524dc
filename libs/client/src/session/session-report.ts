import type { UpdatesState } from '../updates/updates-state.js';
import type { HeldSession } from './held-session.js';
import type { ServerClock } from './server-clock.js';
import type { SessionStatusReport } from './session-status.js';

export interface ReportContext {
  holderId: string | null;
  updates: UpdatesState;
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
    updates: context.updates,
    tokenFileCurrent: context.tokenFileCurrent,
    tokenFile: context.tokenFile,
    labels: info?.labels ?? null,
    clockOffsetMs: clock.known ? Math.round(clock.offset()) : null,
  };
}
