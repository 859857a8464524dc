import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sessionStream } from '#libs/contracts';
import type { SessionState } from '#libs/session';
import { until } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

describe('what time alone brings on a session', () => {
  let fixture: NotifierFixture;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  /** Types of its events and how many milliseconds after `second` (epoch) each was recorded. */
  async function recorded({ sessionId }: SessionState, second: number): Promise<{ type: string; late: number }[]> {
    const events = await fixture.ledger.readStream(sessionStream(sessionId));
    return events.map(({ type, time }) => ({ type, late: Date.parse(time) - second * 1000 }));
  }

  /** How many milliseconds after `second` it was recorded, and the longest that this machine took meanwhile for one look. */
  async function arrives(session: SessionState, type: string, second: number) {
    let slowest = 0;
    let lookedAt = performance.now();
    const late = await until(
      async () => {
        const found = (await recorded(session, second)).find((event) => event.type === type);
        const now = performance.now();
        slowest = Math.max(slowest, now - lookedAt);
        lookedAt = now;
        return found && { ms: found.late };
      },
      { describe: type },
    );
    return { late: late.ms, slowest };
  }

  /** The sweep is at work: from now on only a look that is not made, or not made in time, is late. */
  async function sweepWorks(): Promise<void> {
    const over = await fixture.session({ expiresIn: 100, issuedAgo: 101, maxRenewals: 0 });
    await arrives(over, 'SessionExpired', over.expiresAt);
  }

  it('its end is recorded by the running sweep, not before it and at most a moment after, once', async () => {
    await sweepWorks();
    const session = await fixture.session({ expiresIn: 100, issuedAgo: 97, maxRenewals: 0 });
    const { late, slowest } = await arrives(session, 'SessionExpired', session.expiresAt);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(5_000 + slowest);
    const other = fixture.newNotifier({ metrics: fixture.freshMetrics() });
    other.start();
    const next = await fixture.session({ expiresIn: 100, issuedAgo: 98, maxRenewals: 0 });
    await arrives(next, 'SessionExpired', next.expiresAt);
    await other.close();
    for (const each of [session, next]) {
      const types = (await recorded(each, 0)).map(({ type }) => type);
      expect(types.filter((type) => type === 'SessionExpired')).toHaveLength(1);
    }
  });

  it('a renewal that does not come is overdue at 80 % of the TTL, once for each token', async () => {
    await sweepWorks();
    const first = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    // Its next token is 80 % old in two seconds, however long it took to come here.
    await fixture.asOwner(
      `update ledger.session_head set issued_at = soon - 483840, expires_at = soon - 483840 + 604800, due_at = soon
       from (select floor(extract(epoch from clock_timestamp()))::bigint + 2 as soon) t
       where session_id = '${first.sessionId}'`,
    );
    const due = (await fixture.ledger.session(first.sessionId))!.head.issuedAt + 483_840;
    const { late, slowest } = await arrives(first, 'SessionRenewalOverdue', due);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(5_000 + slowest);
    const second = await fixture.session({ expiresIn: 100, issuedAgo: 99, maxRenewals: 0 });
    // Further passes were made by the time that this one is over.
    await arrives(second, 'SessionExpired', second.expiresAt);
    const types = (await recorded(first, due)).map(({ type }) => type);
    expect(types.filter((type) => type === 'SessionRenewalOverdue')).toHaveLength(1);
  });

  it('a look that comes too early records nothing and is put off to the time that matters', async () => {
    const session = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    const before = (await recorded(session, 0)).length;
    await fixture.asOwner(
      `update ledger.session_head set due_at = extract(epoch from clock_timestamp())::bigint where session_id = '${session.sessionId}'`,
    );
    const overdue = session.issuedAt + 483_840;
    await until(async () => (await fixture.ledger.session(session.sessionId))?.head.dueAt === overdue, {
      describe: 'the next look to be put off',
    });
    expect(await recorded(session, 0)).toHaveLength(before);
  });
});
