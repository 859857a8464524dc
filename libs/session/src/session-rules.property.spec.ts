import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tokenStanding } from './authenticate.js';
import { grantFirstToken, sessionCreated } from './create-session/create-session.js';
import { expireSession } from './expire-session/expire-session.js';
import { announceExpiringSoon } from './expiry-rule/expiring-soon.js';
import type { TokenGrant } from './grant.js';
import { renewSession, sessionRenewed, type RenewalRefusal } from './renew-session/renew-session.js';
import { announceOverdue } from './renewal-overdue/renewal-overdue.js';
import { revokeSession } from './revoke-session/revoke-session.js';
import { rotateSession } from './rotate-session/rotate-session.js';
import { sessionEndOf } from './session-end.js';
import { REVOCATION_TRIGGERS, type RevocationTrigger, type SessionEvent } from './session.events.js';
import { evolve, type SessionState } from './session.state.js';

const START = 1_800_000_000;
const TEXTS = { tokenHeader: '{}', tokenPayload: '{}', tokenHash: '00' };
const HOLDER = 'h';

interface Terms {
  expiresIn: number;
  absoluteLifetime: number;
  maxRenewals: number | null;
  hasHolders: boolean;
  grace: number;
}

/** Steps of a life: what somebody does, and how the clock moves before it (backwards too). */
type Step = { clock: number } & (
  | { does: 'renew'; generationsBack: number; proves: boolean }
  | { does: 'revoke'; trigger: RevocationTrigger | undefined }
  | { does: 'rotate' | 'expire' | 'announce' }
);

const terms: fc.Arbitrary<Terms> = fc
  .record({
    expiresIn: fc.integer({ min: 1, max: 200 }),
    tokens: fc.integer({ min: 1, max: 12 }),
    // Often a whole number of tokens, so that one ends on the absolute end itself.
    extra: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 199 })),
    maxRenewals: fc.option(fc.integer({ min: 0, max: 6 }), { nil: null }),
    hasHolders: fc.boolean(),
    grace: fc.integer({ min: 0, max: 40 }),
  })
  .map(({ tokens, extra, ...rest }) => ({ ...rest, absoluteLifetime: rest.expiresIn * tokens + extra }));

const clock = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 120 }) },
  { weight: 1, arbitrary: fc.integer({ min: -60, max: -1 }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('renew' as const),
      generationsBack: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 3 })),
      proves: fc.boolean(),
      clock,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom('rotate', 'announce' as const), clock }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('revoke' as const),
      trigger: fc.option(fc.constantFrom(...REVOCATION_TRIGGERS), { nil: undefined }),
      clock,
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('expire' as const), clock }) },
);

interface Issued extends TokenGrant {
  cause: 'creation' | 'renewal' | 'rotation';
}

interface Moment {
  now: number;
  before: SessionState;
  after: SessionState;
  /** What was recorded in it. */
  events: SessionEvent[];
  refused: RenewalRefusal | null;
  step: Step;
}

/** Lives one life through the rules and keeps everything that was issued and every moment of it. */
function live(given: Terms, steps: Step[]): { issued: Issued[]; moments: Moment[]; end: number } {
  const command = {
    sessionId: 's',
    agentId: 'a',
    agentName: 'n',
    now: START,
    renewalRejectWindow: 3600,
    constraints: {},
    ...given,
  };
  const first = grantFirstToken(command);
  let state = evolve(null, sessionCreated(command, first, TEXTS));
  const issued: Issued[] = [{ ...first, cause: 'creation' }];
  const moments: Moment[] = [];
  let now = START;
  let events: SessionEvent[] = [];
  const record = (event: SessionEvent | null): void => {
    if (event === null) return;
    state = evolve(state, event);
    events.push(event);
  };
  const issue = (grant: TokenGrant, cause: 'renewal' | 'rotation'): void => {
    issued.push({ ...grant, cause });
    record(sessionRenewed(state, grant, TEXTS, { cause }));
  };
  for (const step of steps) {
    now += step.clock;
    const before = state;
    events = [];
    let refused: RenewalRefusal | null = null;
    switch (step.does) {
      case 'renew': {
        const decision = renewSession(state, {
          generation: state.generation - step.generationsBack,
          hasHolders: given.hasHolders,
          now,
          ...(step.proves && { holderId: HOLDER }),
        });
        if ('granted' in decision) issue(decision.granted, 'renewal');
        else refused = decision.refused;
        break;
      }
      case 'rotate': {
        const grant = rotateSession(state, now);
        if (grant) issue(grant, 'rotation');
        break;
      }
      case 'revoke':
        record(revokeSession(state, { now, ...(step.trigger && { trigger: step.trigger }) }));
        break;
      case 'expire':
        record(expireSession(state, now));
        break;
      case 'announce':
        record(announceExpiringSoon(state, now, 'sweep'));
        record(announceOverdue(state, given.hasHolders, now));
    }
    moments.push({ now, before, after: state, events, refused, step });
  }
  return { issued, moments, end: START + given.absoluteLifetime };
}

/** The table of guards, written a second time and from the outside in. */
function expectedRefusal(state: SessionState, step: Step, clock: number, hasHolders: boolean): string | null {
  if (step.does !== 'renew') return null;
  // Set back behind the last issue, the session's time stands still.
  const now = Math.max(clock, state.issuedAt);
  const guards: [string, boolean][] = [
    ['SESSION_NOT_ACTIVE', state.status !== 'active' || now >= state.expiresAt],
    ['RENEWAL_CONFLICT', step.generationsBack !== 0],
    ['HOLDER_REQUIRED', hasHolders && !step.proves],
    ['RENEWAL_LIMIT_REACHED', state.maxRenewals !== null && state.renewalCount >= state.maxRenewals],
    ['SESSION_ABSOLUTE_LIFETIME_EXCEEDED', now + state.expiresIn > state.absoluteExpiresAt],
    ['RENEWAL_TOO_EARLY', 2 * (now - state.issuedAt) < state.expiresIn],
  ];
  return guards.find(([, refuses]) => refuses)?.[0] ?? null;
}

const lives = fc.tuple(terms, fc.array(step, { minLength: 1, maxLength: 40 }));
const RUNS = { numRuns: 1_000 };

describe('the rules of a session, whatever is done to it', () => {
  it('refuse a renewal for exactly the first guard of the table that fails, else grant it', () => {
    const seen = new Set<string | null>();
    fc.assert(
      fc.property(lives, ([given, steps]) => {
        for (const { now, before, refused, step } of live(given, steps).moments) {
          if (step.does !== 'renew') continue;
          const expected = expectedRefusal(before, step, now, given.hasHolders);
          seen.add(expected);
          expect(refused?.code ?? null).toBe(expected);
        }
      }),
      RUNS,
    );
    // The lives were wild enough to meet every guard, and none.
    expect([...seen].map(String).sort()).toEqual([
      'HOLDER_REQUIRED',
      'RENEWAL_CONFLICT',
      'RENEWAL_LIMIT_REACHED',
      'RENEWAL_TOO_EARLY',
      'SESSION_ABSOLUTE_LIFETIME_EXCEEDED',
      'SESSION_NOT_ACTIVE',
      'null',
    ]);
  });

  it('let no token outlive the absolute end, and renew to exactly the original TTL', () => {
    fc.assert(
      fc.property(lives, ([given, steps]) => {
        const { issued, end } = live(given, steps);
        for (const { expiresAt, issuedAt, cause } of issued) {
          expect(expiresAt).toBeLessThanOrEqual(end);
          if (cause === 'rotation') expect(expiresAt - issuedAt).toBeLessThanOrEqual(given.expiresIn);
          else expect(expiresAt - issuedAt).toBe(given.expiresIn);
        }
      }),
      RUNS,
    );
  });

  it('number the tokens without gap or repetition, and never issue one before its predecessor', () => {
    fc.assert(
      fc.property(lives, ([given, steps]) => {
        const { issued } = live(given, steps);
        expect(issued.map(({ generation }) => generation)).toEqual(issued.map((_, index) => index));
        const times = issued.map(({ issuedAt }) => issuedAt);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
      RUNS,
    );
  });

  it('never count more renewals than allowed, and count no rotation', () => {
    fc.assert(
      fc.property(lives, ([given, steps]) => {
        const { issued, moments } = live(given, steps);
        const renewals = issued.filter(({ cause }) => cause === 'renewal').length;
        expect(renewals).toBeLessThanOrEqual(given.maxRenewals ?? Infinity);
        expect(moments.at(-1)?.after.renewalCount).toBe(renewals);
      }),
      RUNS,
    );
  });

  it('accept at most one current token, at most one more inside its grace, and none after the end', () => {
    fc.assert(
      fc.property(lives, ([given, steps]) => {
        const { moments, end } = live(given, steps);
        for (const { after: state, now } of moments) {
          const standings = Array.from({ length: state.generation + 1 }, (_, generation) =>
            tokenStanding(state, generation, now, given.grace),
          );
          const current = standings.filter((standing) => standing === 'current');
          const previous = standings.filter((standing) => standing === 'previous');
          expect(current.length).toBeLessThanOrEqual(1);
          expect(previous.length).toBeLessThanOrEqual(given.grace === 0 || !state.previousTokenAccepted ? 0 : 1);
          if (state.status !== 'active' || now >= end) expect([...current, ...previous]).toEqual([]);
        }
      }),
      RUNS,
    );
  });

  it('keep a session ended once it has ended: no token, no event, no second end', () => {
    fc.assert(
      fc.property(lives, ([given, steps]) => {
        for (const { before, after } of live(given, steps).moments) {
          if (before.status !== 'active') expect(after).toEqual(before);
        }
      }),
      RUNS,
    );
  });

  it('end a session by exactly one event, which the one place of all ends knows with its cause, and by no other', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(lives, ([given, steps]) => {
        for (const { before, after, events } of live(given, steps).moments) {
          const ends = events.flatMap((event) => sessionEndOf(event) ?? []);
          expect(ends).toHaveLength(before.status === after.status ? 0 : 1);
          for (const { cause, ...end } of ends) {
            expect(end).toEqual({ sessionId: 's', agentId: 'a', status: after.status });
            seen.add(cause);
          }
        }
      }),
      RUNS,
    );
    expect([...seen].sort()).toEqual([...REVOCATION_TRIGGERS, 'absolute_lifetime', 'token_ttl'].sort());
  });
});

describe('a renewal on the very second of a limit', () => {
  const given = { expiresIn: 101, absoluteLifetime: 303, maxRenewals: 2, hasHolders: false };
  const command = {
    ...given,
    sessionId: 's',
    agentId: 'a',
    agentName: 'n',
    now: START,
    renewalRejectWindow: 3600,
    constraints: {},
  };
  const born = evolve(null, sessionCreated(command, grantFirstToken(command), TEXTS));
  const renew = (state: SessionState, now: number) => renewSession(state, { generation: 0, hasHolders: false, now });

  it('is too early one second before half of the TTL, and granted from half of it on', () => {
    expect(renew(born, START + 50)).toEqual({ refused: { code: 'RENEWAL_TOO_EARLY', retryAfter: 1 } });
    expect(renew(born, START + 51)).toMatchObject({ granted: { generation: 1, expiresAt: START + 152 } });
  });

  it('is granted on the last second of the token, and refused on the second of its end', () => {
    expect(renew(born, START + 100)).toHaveProperty('granted');
    expect(renew(born, START + 101)).toEqual({ refused: { code: 'SESSION_NOT_ACTIVE', status: 'expired' } });
  });

  it('is granted where the new token ends on the second of the absolute end, and refused one second later', () => {
    const late = { ...born, issuedAt: START + 120, expiresAt: START + 221 };
    expect(renew(late, START + 202)).toMatchObject({ granted: { expiresAt: born.absoluteExpiresAt } });
    expect(renew(late, START + 203)).toEqual({ refused: { code: 'SESSION_ABSOLUTE_LIFETIME_EXCEEDED' } });
  });

  it('counts 0 as none allowed, null as unlimited, and the last renewal as allowed', () => {
    const at = START + 60;
    expect(renew({ ...born, maxRenewals: 0 }, at)).toEqual({ refused: { code: 'RENEWAL_LIMIT_REACHED' } });
    expect(renew({ ...born, maxRenewals: null, renewalCount: 10_000 }, at)).toHaveProperty('granted');
    expect(renew({ ...born, renewalCount: 1 }, at)).toHaveProperty('granted');
    expect(renew({ ...born, renewalCount: 2 }, at)).toEqual({ refused: { code: 'RENEWAL_LIMIT_REACHED' } });
  });

  it('names the limit before the hour: no renewals left, at half a TTL too early, near the absolute end', () => {
    const worst = { ...born, maxRenewals: 0, absoluteExpiresAt: START + 101 };
    expect(renew(worst, START + 1)).toEqual({ refused: { code: 'RENEWAL_LIMIT_REACHED' } });
    expect(renew({ ...worst, maxRenewals: 1 }, START + 1)).toEqual({
      refused: { code: 'SESSION_ABSOLUTE_LIFETIME_EXCEEDED' },
    });
  });
});
