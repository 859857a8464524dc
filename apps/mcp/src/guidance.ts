import type { CallResult, SessionStatusReport } from '#libs/client';
import { z } from 'zod';

/** Members that every tool's result has. Only a real tool error sets `isError`: hosts drop a server that keeps erring. */
export const guidanceShape = {
  status: z
    .enum(['ok', 'session_expired', 'daemon_unavailable', 'kill_switch_active'])
    .describe('ok, or why the call could not be made now'),
  message: z.string().optional().describe('What happened, for a person'),
  hint: z.string().optional().describe('What to do, with the exact command'),
  retryable: z.boolean().optional().describe('Whether the same call can succeed later'),
};

export interface Guidance {
  status: 'session_expired' | 'daemon_unavailable' | 'kill_switch_active';
  message: string;
  hint: string;
  retryable: true;
}

const HINTS: Record<Guidance['status'], string> = {
  session_expired:
    'Ask the owner to run: sledger mcp refresh-token — this process takes the new token by itself, no restart. Then call again.',
  daemon_unavailable: 'Ask the owner to run: sledger status — and, if it is down: sledger start. Then call again.',
  kill_switch_active: 'The owner releases it with: sledger kill-switch off — the token is kept. Then call again.',
};

export function sessionExpired(status: SessionStatusReport): Guidance {
  const hint =
    status.reason === 'server_unreachable'
      ? HINTS.daemon_unavailable
      : status.sessionId === null
        ? 'Ask the owner to run: sledger mcp setup — this process takes the token by itself, no restart. Then call again.'
        : HINTS.session_expired;
  return {
    status: status.reason === 'server_unreachable' ? 'daemon_unavailable' : 'session_expired',
    message: status.detail ?? 'There is no valid session token.',
    hint,
    retryable: true,
  };
}

/** The guidance for a call that could not be made, or null for a result that the tool handles itself. */
export function guidanceOf(result: CallResult<unknown>): Guidance | null {
  switch (result.kind) {
    case 'expired':
      return sessionExpired(result.status);
    case 'killSwitch':
      return guidance('kill_switch_active', `${result.problem.title}.`);
    case 'networkError':
      return guidance('daemon_unavailable', `The ledger cannot be reached: ${result.reason}.`);
    case 'ok':
    case 'error':
      return null;
  }
}

function guidance(status: Guidance['status'], message: string): Guidance {
  return { status, message, hint: HINTS[status], retryable: true };
}
