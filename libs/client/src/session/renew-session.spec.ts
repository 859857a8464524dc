import { describe, expect, it } from '@jest/globals';
import { ERRORS, LedgerError, problemOf, type ErrorCode } from '#libs/contracts';
import type { ApiResult } from '../http/api-result.js';
import type { SessionWithToken } from '#libs/contracts';
import { renewalStep } from './renew-session.js';

function refusal(code: ErrorCode, details = {}): ApiResult<SessionWithToken> {
  const problem = problemOf(new LedgerError(code, details), 'request');
  if (code === 'KILL_SWITCH_ACTIVE') return { kind: 'killSwitch', problem };
  return problem.status === 401 ? { kind: 'expired', problem } : { kind: 'error', problem };
}

describe('what a renewal’s answer asks for', () => {
  it('waits 30 s after RENEWAL_TOO_EARLY, or as long as the server says', () => {
    expect(renewalStep(refusal('RENEWAL_TOO_EARLY'))).toEqual({ do: 'wait', ms: 30_000 });
    expect(renewalStep(refusal('RENEWAL_TOO_EARLY', { retryAfter: 7 }))).toEqual({ do: 'wait', ms: 7_000 });
  });

  it.each([
    ['RENEWAL_LIMIT_REACHED', 'renewal_limit'],
    ['SESSION_ABSOLUTE_LIFETIME_EXCEEDED', 'absolute_lifetime'],
    ['HOLDER_REQUIRED', 'holder_required'],
  ] as const)('keeps the token after %s', (code, reason) => {
    expect(renewalStep(refusal(code))).toMatchObject({ do: 'keep', trouble: { reason } });
  });

  it('never throws the token away for an answer that says nothing of it', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const step = renewalStep(refusal(code)).do;
      if (step === 'unauthorized') expect(ERRORS[code].status).toBe(401);
    }
    expect(renewalStep({ kind: 'networkError', reason: 'timed out' })).toMatchObject({ do: 'retry' });
  });

  it('asks first where a success holds no token that can be used', () => {
    const data = { token: 'sl_sess_not-a-token' } as SessionWithToken;
    expect(renewalStep({ kind: 'ok', data })).toMatchObject({ do: 'retry' });
  });
});
