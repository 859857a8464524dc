import type { Problem, SessionWithToken } from '#libs/contracts';
import type { ApiResult } from '../http/api-result.js';
import { holdToken, type HeldToken } from './held-token.js';
import { TOO_EARLY_WAIT } from './schedule.js';
import type { Trouble } from './held-session.js';

/** What a renewal's answer asks for. */
export type RenewalStep =
  | { do: 'take'; token: HeldToken; answer: SessionWithToken }
  /** No answer that settles it: ask first, then send again. */
  | { do: 'retry'; reason: string; retryAfterMs: number }
  | { do: 'wait'; ms: number }
  /** No renewal of this token can succeed; it stays valid. */
  | { do: 'keep'; trouble: Trouble }
  /** Somebody else renewed: the file's token, else the hand-over. */
  | { do: 'catch-up'; problem: Problem }
  | { do: 'unauthorized'; problem: Problem }
  | { do: 'kill-switch' }
  | { do: 'recover'; trouble: Trouble };

/** Reads a renewal's answer. Pure. */
export function renewalStep(result: ApiResult<SessionWithToken>): RenewalStep {
  switch (result.kind) {
    case 'ok': {
      const token = result.data.token === null ? null : holdToken(result.data.token);
      return token === null
        ? { do: 'retry', reason: 'the answer held no usable token', retryAfterMs: 0 }
        : { do: 'take', token, answer: result.data };
    }
    case 'networkError':
      return { do: 'retry', reason: result.reason, retryAfterMs: (result.retryAfter ?? 0) * 1000 };
    case 'killSwitch':
      return { do: 'kill-switch' };
    case 'expired':
      return { do: 'unauthorized', problem: result.problem };
    case 'error':
      return refusalStep(result.problem);
  }
}

function refusalStep(problem: Problem): RenewalStep {
  const keep = (reason: Trouble['reason']): RenewalStep => ({
    do: 'keep',
    trouble: { reason, detail: `${problem.title}. ${problem.hint}` },
  });
  switch (problem.code) {
    case 'RENEWAL_CONFLICT':
      return { do: 'catch-up', problem };
    case 'RENEWAL_TOO_EARLY':
      return { do: 'wait', ms: problem.retryAfter === undefined ? TOO_EARLY_WAIT : problem.retryAfter * 1000 };
    case 'RENEWAL_LIMIT_REACHED':
      return keep('renewal_limit');
    case 'SESSION_ABSOLUTE_LIFETIME_EXCEEDED':
      return keep('absolute_lifetime');
    case 'HOLDER_REQUIRED':
      return keep('holder_required');
    default:
      return {
        do: 'recover',
        trouble: {
          reason: problem.code === 'AGENT_DISABLED' ? 'agent_disabled' : 'renewal_refused',
          detail: `${problem.title}. ${problem.hint}`,
        },
      };
  }
}
