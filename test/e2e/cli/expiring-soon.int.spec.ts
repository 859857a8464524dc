import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import type { SessionView } from '#libs/contracts';
import type { Status } from '../../../apps/cli/src/status/show-status.js';
import { CliFixture } from './cli-fixture.js';

/** A token of seven days that was issued so many seconds ago: an hour and twenty minutes are left. */
const AGO = 600_000;

let fixture: CliFixture;
let client: pg.Client;
beforeAll(async () => {
  fixture = await CliFixture.open();
  client = new pg.Client({ connectionString: fixture.database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await fixture[Symbol.asyncDispose]();
});

/** A session that was made so long ago, and that nobody renewed since. */
async function aged(agent: string): Promise<SessionView> {
  const { id } = await fixture.json<SessionView>('session', 'create', '--agent', agent, '--no-supersede');
  await client.query(
    `update ledger.session_head set created_at = created_at - $2, issued_at = issued_at - $2, expires_at = expires_at - $2,
       absolute_expires_at = absolute_expires_at - $2 where session_id = $1`,
    [id, AGO],
  );
  return shown(id);
}

async function shown(id: string): Promise<SessionView> {
  return (await fixture.json<{ session: SessionView }>('session', 'show', id)).session;
}

it('a session that nobody holds or renews is shown to expire soon, why and when, until it has a holder', async () => {
  await fixture.json('agent', 'add', 'forgotten');
  const session = await aged('forgotten');
  expect(session).toMatchObject({
    status: 'expiring_soon',
    expiringSoon: { causes: ['unrenewed'], endsAt: session.expiresAt },
    endsAt: session.absoluteExpiresAt,
  });
  const status = await fixture.json<Status>('status');
  expect(status.sessions.expiringSoon).toMatchObject([{ id: session.id, expiringSoon: { causes: ['unrenewed'] } }]);
  expect(status.attention).toContain('1 session(s) will end soon');
  expect((await fixture.run('status')).stdout).toMatch(/forgotten, ends in 1 h \d+ m: nobody renews it/);
  expect((await fixture.run('session', 'show', session.id)).stdout).toMatch(
    /expiring soon\s+ends in 1 h .*nobody renews it/,
  );
  const listed = await fixture.json<{ items: SessionView[] }>('session', 'list', '--status', 'expiring_soon');
  expect(listed.items.map(({ id }) => id)).toEqual([session.id]);

  // A holder's absence is told by another alert.
  await client.query(
    `insert into ledger.holder_head (holder_id, agent_id, session_id, name, signing_key, sealing_key, created_at)
     values (gen_random_uuid(), $1, $2, 'desktop', '{}', '{}', 0)`,
    [session.agentId, session.id],
  );
  expect(await shown(session.id)).toMatchObject({ status: 'active', expiringSoon: null });
  expect((await fixture.json<Status>('status')).sessions.expiringSoon).toEqual([]);
});

it('names few renewals and the end of the lifetime as causes of their own', async () => {
  await fixture.json('agent', 'add', 'old');
  const { id } = await aged('old');
  await client.query(
    'update ledger.session_head set renewal_count = 28, absolute_expires_at = expires_at + 10 where session_id = $1',
    [id],
  );
  const session = await shown(id);
  expect(session.expiringSoon).toEqual({ causes: ['renewals', 'lifetime'], endsAt: session.expiresAt });
  expect((await fixture.run('status')).stdout).toMatch(
    /old, ends in 1 h \d+ m: few renewals are left, its lifetime ends/,
  );
});
