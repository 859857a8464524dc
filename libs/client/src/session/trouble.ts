import type { Problem } from '#libs/contracts';
import type { Trouble } from './held-session.js';
import type { HeldToken } from './held-token.js';

/** Nobody answers, or nobody of ours. */
export function unreachable(reason: string): Trouble {
  return { reason: 'server_unreachable', detail: `The ledger cannot be reached: ${reason}.` };
}

/** Why there is no usable token, from the refusal that ended the search. */
export function deathOf(problem: Problem | null, token: HeldToken | null): Trouble {
  if (problem === null) {
    return token === null
      ? {
          reason: 'no_token',
          detail: 'There is no token: neither in the file, nor from the environment or the hand-over.',
        }
      : { reason: 'token_expired', detail: 'The token has expired and there is no other.' };
  }
  const detail = `${problem.title}. ${problem.hint}`;
  switch (problem.code) {
    case 'SESSION_REVOKED':
      return { reason: 'session_revoked', detail };
    case 'SESSION_EXPIRED':
      return { reason: 'session_expired', detail };
    case 'TOKEN_EXPIRED':
      return { reason: 'token_expired', detail };
    default:
      return { reason: 'token_refused', detail };
  }
}
