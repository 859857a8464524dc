import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { grantFirstToken, sessionCreated } from '../create-session/create-session.js';
import { dueAt } from '../due-at.js';
import { expireSession } from '../expire-session/expire-session.js';
import { renewSession, sessionRenewed } from '../renew-session/renew-session.js';
import { announceOverdue } from '../renewal-overdue/renewal-overdue.js';
import type { SessionEvent, SessionExpiringSoon } from '../session.events.js';
import { evolve } from '../session.state.js';
import { announceExpiringSoon } from './expiring-soon.js';

const START = 1_800_000_000;
const TEXTS = { tokenHeader: '{}', tokenPayload: '{}', tokenHash: '00' };
const DAY = 86_400;

interface Life {
  expiresIn: number;
  absoluteLifetime: number;
  maxRenewals: number | null;
  hasHolder: boolean;
  /** Share of the TTL at which the agent tries to renew. */
  renewsAt: number;
  /** Renewals after which the agent falls silent. */
  silentAfter: number;
}

interface Lived {
  bornAt: number;
  diedAt: number;
  lastIssueAt: number;
  warnings: { type: string; at: number; generation: number }[];
  evaluations: number;
}

/** Lives one session through the product's own decisions, event by event, with the sweep looking exactly when it is due. */
function live(life: Life): Lived {
  const command = {
    sessionId: 's',
    agentId: 'a',
    agentName: 'n',
    now: START,
    expiresIn: life.expiresIn,
    maxRenewals: life.maxRenewals,
    renewalRejectWindow: 3600,
    absoluteLifetime: life.absoluteLifetime,
    constraints: {},
  };
  let state = evolve(null, sessionCreated(command, grantFirstToken(command), TEXTS));
  let now = START;
  let due = dueAt(state, life.hasHolder, now);
  let tryAt: number | null = life.silentAfter > 0 ? START + Math.ceil(life.expiresIn * life.renewsAt) : null;
  const warnings: Lived['warnings'] = [];
  let evaluations = 0;

  const record = (event: SessionEvent | null): boolean => {
    if (event === null) return false;
    state = evolve(state, event);
    due = dueAt(state, life.hasHolder, now);
    if (event.type === 'SessionExpiringSoon' || event.type === 'SessionRenewalOverdue') {
      warnings.push({ type: event.type, at: now, generation: state.generation });
    }
    return true;
  };
  const announce = (trigger: SessionExpiringSoon['trigger']): boolean =>
    record(announceExpiringSoon(state, now, trigger, life.hasHolder));

  while (state.status === 'active') {
    if (due === null) throw new Error('an active session is not due at any time');
    if (++evaluations > 20_000) throw new Error('the sweep looks at the same session for ever');
    if (tryAt !== null && tryAt <= due) {
      now = Math.max(now, tryAt);
      tryAt = renewAsAgent();
      continue;
    }
    now = Math.max(now, due);
    const announced = announce('sweep');
    const overdue = record(announceOverdue(state, life.hasHolder, now));
    const expired = record(expireSession(state, now));
    if (!announced && !overdue && !expired) throw new Error(`nothing to do at ${now - START}, though it was due`);
  }
  return { bornAt: START, diedAt: now, lastIssueAt: state.issuedAt, warnings, evaluations };

  function renewAsAgent(): number | null {
    const decision = renewSession(state, {
      generation: state.generation,
      hasHolders: life.hasHolder,
      ...(life.hasHolder && { holderId: 'h' }),
      now,
    });
    if ('refused' in decision) {
      const { code } = decision.refused;
      if (code === 'RENEWAL_LIMIT_REACHED' || code === 'SESSION_ABSOLUTE_LIFETIME_EXCEEDED')
        announce('renewal_refused');
      return null;
    }
    record(sessionRenewed(state, decision.granted, TEXTS, { cause: 'renewal' }));
    announce('renewed');
    return state.renewalCount >= life.silentAfter ? null : now + Math.ceil(state.expiresIn * life.renewsAt);
  }
}

/** Warned of this very death: announced as expiring soon at any time before, or overdue for the token that ran out. */
function wasWarned({ warnings, diedAt, lastIssueAt }: Lived): boolean {
  return warnings.some(({ type, at }) => at < diedAt && (type === 'SessionExpiringSoon' || at >= lastIssueAt));
}

const anyLife: fc.Arbitrary<Life> = fc
  .record({
    expiresIn: fc.oneof(
      fc.integer({ min: 60, max: 7_776_000 }),
      fc.constantFrom(60, 3600, DAY - 1, DAY, DAY + 1, 7 * DAY, 15 * DAY, 30 * DAY),
    ),
    lifetimeOverTtl: fc.oneof(
      fc.constantFrom(1, 1.4999, 1.5, 1.5001, 2, 30 / 7),
      fc.double({ min: 1, max: 40, noNaN: true }),
    ),
    maxRenewals: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(null)),
    hasHolder: fc.boolean(),
    renewsAt: fc.oneof(fc.constantFrom(0.5, 0.6, 0.79, 0.95), fc.double({ min: 0.5, max: 0.99, noNaN: true })),
    silentAfter: fc.oneof(fc.constantFrom(0, 1, 2, 1000), fc.nat(40)),
  })
  .map(({ lifetimeOverTtl, ...life }) => ({
    ...life,
    absoluteLifetime: Math.max(life.expiresIn, Math.floor(life.expiresIn * lifetimeOverTtl)),
  }));

describe('the life of a session', () => {
  it('never ends unannounced, whatever its TTL, lifetime, renewals and habits', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        expect(wasWarned(live(life))).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('is announced as expiring soon at most once, and as overdue at most once for each token', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const { warnings } = live(life);
        expect(warnings.filter(({ type }) => type === 'SessionExpiringSoon').length).toBeLessThanOrEqual(1);
        const overdue = warnings.filter(({ type }) => type === 'SessionRenewalOverdue').map((w) => w.generation);
        expect(new Set(overdue).size).toBe(overdue.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('with the defaults (7 d, 30 d, 30 renewals) warns a day before day 28 when the agent renews at 60 %', () => {
    const lived = live({
      expiresIn: 7 * DAY,
      absoluteLifetime: 30 * DAY,
      maxRenewals: 30,
      hasHolder: true,
      renewsAt: 0.6,
      silentAfter: Infinity,
    });
    const warning = lived.warnings.find(({ type }) => type === 'SessionExpiringSoon');
    expect(warning).toBeDefined();
    expect(warning!.at).toBeLessThanOrEqual(lived.diedAt - DAY);
    expect(warning!.at).toBeLessThan(START + 28 * DAY);
  });

  it('with the defaults and an agent that never renews warns a day before the first token ends, holder or not', () => {
    for (const hasHolder of [true, false]) {
      const lived = live({
        expiresIn: 7 * DAY,
        absoluteLifetime: 30 * DAY,
        maxRenewals: 30,
        hasHolder,
        renewsAt: 0.6,
        silentAfter: 0,
      });
      expect(lived.diedAt).toBe(START + 7 * DAY);
      expect(lived.warnings[0]!.at).toBeLessThanOrEqual(lived.diedAt - DAY);
    }
  });

  it('does not warn of a session that a plain client renews in time', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(3600, DAY, 2 * DAY, 7 * DAY),
        fc.double({ min: 0.5, max: 0.79, noNaN: true }),
        (expiresIn, renewsAt) => {
          const lived = live({
            expiresIn,
            absoluteLifetime: 30 * DAY,
            maxRenewals: null,
            hasHolder: false,
            renewsAt,
            silentAfter: Infinity,
          });
          const early = lived.warnings.filter(({ at }) => at < START + 30 * DAY - 7 * DAY - expiresIn);
          expect(early).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });
});
