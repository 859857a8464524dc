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

  async function arrives(session: SessionState, type: string, second: number): Promise<number> {
    return until(async () => (await recorded(session, second)).find((event) => event.type === type)?.late, {
      describe: type,
    });
  }

  it('its end is recorded by the running sweep, not before it and at most a moment after, once', async () => {
    const session = await fixture.session({ expiresIn: 100, issuedAgo: 97, maxRenewals: 0 });
    const late = await arrives(session, 'SessionExpired', session.expiresAt);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(5_000);
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
    const first = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    // Its next token is as good as 80 % old.
    await fixture.asOwner(
      `update ledger.session_head set issued_at = issued_at - 483838, expires_at = expires_at - 483838,
         due_at = issued_at - 483838 + 483840 where session_id = '${first.sessionId}'`,
    );
    const due = first.issuedAt - 483_838 + 483_840;
    const late = await arrives(first, 'SessionRenewalOverdue', due);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(5_000);
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
