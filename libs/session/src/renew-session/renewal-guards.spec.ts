import { describe, expect, it } from '@jest/globals';
import { tokenStanding } from '../authenticate.js';
import { grantFirstToken, sessionCreated, type CreateSession } from '../create-session/create-session.js';
import { revocationTrigger } from '../revoke-session/revoke-session.js';
import { rotateSession } from '../rotate-session/rotate-session.js';
import { evolve, type SessionState } from '../session.state.js';
import { renewSession, sessionRenewed, type RenewSession } from './renew-session.js';

const T0 = 1_800_000_000;
const TEXTS = { tokenHeader: '{}', tokenPayload: '{}', tokenHash: '00' };

function born(with_: Partial<CreateSession> = {}): SessionState {
  const command: CreateSession = {
    sessionId: 's',
    agentId: 'a',
    agentName: 'n',
    now: T0,
    expiresIn: 100,
    maxRenewals: 3,
    renewalRejectWindow: 300,
    absoluteLifetime: 1_000,
    constraints: {},
    ...with_,
  };
  return evolve(null, sessionCreated(command, grantFirstToken(command), TEXTS));
}

function answer(state: SessionState, at: number, how: Partial<RenewSession> = {}): unknown {
  const decision = renewSession(state, { generation: state.generation, hasHolders: false, now: T0 + at, ...how });
  if ('refused' in decision) return decision.refused;
  return decision.granted.expiresAt - T0;
}

function renewed(state: SessionState, at: number): SessionState {
  const decision = renewSession(state, { generation: state.generation, hasHolders: false, now: T0 + at });
  if ('refused' in decision) throw new Error(decision.refused.code);
  return evolve(state, sessionRenewed(state, decision.granted, TEXTS, { cause: 'renewal' }));
}

describe('renewal guards, to the second', () => {
  it('guard 3 opens at half of the TTL, rounded up, and says how long to wait before', () => {
    expect(answer(born(), 49)).toEqual({ code: 'RENEWAL_TOO_EARLY', retryAfter: 1 });
    expect(answer(born(), 50)).toBe(150);
    expect(answer(born({ expiresIn: 101 }), 50)).toEqual({ code: 'RENEWAL_TOO_EARLY', retryAfter: 1 });
    expect(answer(born({ expiresIn: 101 }), 51)).toBe(152);
  });

  it('a token can be renewed in its last second and not in the one after', () => {
    expect(answer(born(), 99)).toBe(199);
    expect(answer(born(), 100)).toEqual({ code: 'SESSION_NOT_ACTIVE', status: 'expired' });
  });

  it('guard 2 lets a token end on the absolute end itself and not a second later', () => {
    expect(answer(born({ absoluteLifetime: 160 }), 60)).toBe(160);
    expect(answer(born({ absoluteLifetime: 160 }), 61)).toEqual({ code: 'SESSION_ABSOLUTE_LIFETIME_EXCEEDED' });
  });

  it('guard 1: 0 allows none, null allows any number, n allows n', () => {
    expect(answer(born({ maxRenewals: 0 }), 50)).toEqual({ code: 'RENEWAL_LIMIT_REACHED' });
    expect(answer(renewed(born({ maxRenewals: 1 }), 50), 100)).toEqual({ code: 'RENEWAL_LIMIT_REACHED' });
    let endless = born({ maxRenewals: null, absoluteLifetime: 100_000 });
    for (let at = 50; at < 50_000; at += 50) endless = renewed(endless, at);
    expect(endless.renewalCount).toBe(999);
  });

  it('are asked in their order: ended, generation, holder, limit, lifetime, too early', () => {
    const hopeless = born({ maxRenewals: 0, absoluteLifetime: 100 });
    const codeOf = (at: number, how: Partial<RenewSession>) => (answer(hopeless, at, how) as { code: string }).code;
    expect(codeOf(100, { generation: 5, hasHolders: true })).toBe('SESSION_NOT_ACTIVE');
    expect(codeOf(1, { generation: 5, hasHolders: true })).toBe('RENEWAL_CONFLICT');
    expect(codeOf(1, { hasHolders: true })).toBe('HOLDER_REQUIRED');
    expect(codeOf(1, { hasHolders: true, holderId: 'h' })).toBe('RENEWAL_LIMIT_REACHED');
    const bounded = born({ absoluteLifetime: 100 });
    expect(answer(bounded, 1)).toEqual({ code: 'SESSION_ABSOLUTE_LIFETIME_EXCEEDED' });
  });
});

describe('a clock that steps', () => {
  it('back asks for no more than half a TTL of patience, and loses no token', () => {
    expect(answer(born(), -3_600)).toEqual({ code: 'RENEWAL_TOO_EARLY', retryAfter: 50 });
    expect(tokenStanding(born(), 0, T0 - 3_600, 0)).toBe('current');
  });

  it('back does not stretch the grace of the previous token', () => {
    const state = renewed(born(), 50);
    expect(tokenStanding(state, 0, T0 + 50, 30)).toBe('previous');
    expect(tokenStanding(state, 0, T0 + 79, 30)).toBe('previous');
    expect(tokenStanding(state, 0, T0 + 80, 30)).toBe('superseded');
    expect(tokenStanding(state, 0, T0 + 49, 30)).toBe('superseded');
  });

  it('back lets a rotation begin no earlier than the token it replaces', () => {
    expect(rotateSession(born(), T0 - 3_600)).toMatchObject({ issuedAt: T0, expiresAt: T0 + 100 });
  });

  it('forward past the end ends the session, whatever is asked', () => {
    expect(answer(born(), 1_000_000)).toEqual({ code: 'SESSION_NOT_ACTIVE', status: 'expired' });
    expect(rotateSession(born(), T0 + 100)).toBeNull();
  });
});

describe('the trigger of a revocation', () => {
  it('is a rejection within the window after a renewal, to the second, and never after a rotation by the owner', () => {
    const state = renewed(born(), 50);
    expect(revocationTrigger(born(), T0 + 1)).toBe('manual_revoke');
    expect(revocationTrigger(state, T0 + 349)).toBe('renewal_rejected');
    expect(revocationTrigger(state, T0 + 350)).toBe('manual_revoke');
    const grant = rotateSession(state, T0 + 60);
    if (grant === null) throw new Error('the session had ended');
    const rotated = evolve(state, sessionRenewed(state, grant, TEXTS, { cause: 'rotation' }));
    expect(revocationTrigger(rotated, T0 + 61)).toBe('manual_revoke');
    expect(tokenStanding(rotated, 1, T0 + 60, 30)).toBe('superseded');
  });
});
