import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { AuditState, Problem } from '#libs/contracts';
import { bearer, RunningApi } from '../../api/running-api.js';
import { TestHolder } from '../../api/test-holder.js';

let running: RunningApi;
let superuser: pg.Client;
let ids: { session: string; ended: string; agent: string; holder: string; removed: string; key: string };

beforeAll(async () => {
  running = await RunningApi.start();
  superuser = new pg.Client({ connectionString: running.database.url });
  await superuser.connect();
  await superuser.query('set session_replication_role = replica');
  const agent = await running.agent({ maxRenewals: 5, allowedOperations: ['b', 'a'] });
  await running.owner.createSession({ agentId: agent.id, labels: { team: 'x' } });
  // Supersedes the first, which takes its holder along.
  const [held, other] = [await running.session({ agentId: agent.id }), await running.session()];
  const [holder, removed] = [await TestHolder.register(running, held.id), await TestHolder.register(running, other.id)];
  const next = await running.owner.createSession({ agentId: agent.id });
  await running.owner.removeHolder(removed.id);
  await running.call('PATCH', `/v1/agents/${other.agentId}`, running.ownerHeaders, { enabled: false, reason: 'left' });
  await running.owner.revokeSession(other.id);
  const key = await createKey('auditor');
  const revoked = await createKey('resource');
  await running.call('DELETE', `/v1/api-keys/${revoked}`, running.ownerHeaders);
  await running.call('PUT', '/v1/kill-switch', running.ownerHeaders, { reason: 'drill' });
  await running.call('DELETE', '/v1/kill-switch', running.ownerHeaders);
  ids = { session: next.id, ended: other.id, agent: agent.id, holder: holder.id, removed: removed.id, key };
});
afterAll(async () => {
  await superuser?.end();
  await running?.[Symbol.asyncDispose]();
});

async function createKey(role: string): Promise<string> {
  const body = { name: `a ${role}`, role };
  return (await running.call<{ id: string }>('POST', '/v1/api-keys', running.ownerHeaders, body)).body.id;
}

/** All pages, each of so many heads. */
async function compared(
  limit: number,
): Promise<{ checked: number; differing: AuditState['differing']; pages: number }> {
  const all = { checked: 0, differing: [] as AuditState['differing'], pages: 0 };
  for await (const { checked, differing } of running.owner.auditState({ limit })) {
    all.checked += checked;
    all.differing.push(...differing);
    all.pages += 1;
  }
  return all;
}

/** Does something behind the log's back, looks, and undoes it. */
async function whileChanged(statement: string, values: unknown[]): Promise<AuditState['differing']> {
  const table = /(?:update|from) (ledger\.\w+)/.exec(statement)?.[1] ?? '';
  await superuser.query(`create temporary table kept as select * from ${table}`);
  expect((await superuser.query(statement, values)).rowCount).toBe(1);
  try {
    return (await compared(100)).differing;
  } finally {
    await superuser.query(`delete from ${table}`);
    await superuser.query(`insert into ${table} select * from kept`);
    await superuser.query('drop table kept');
  }
}

describe('the state of all heads', () => {
  it('is what the events say, and is compared in pages of any size', async () => {
    const [large, small] = [await compared(100), await compared(1)];
    expect(large).toMatchObject({ differing: [], pages: 4 });
    expect(small).toMatchObject({ differing: [], checked: large.checked });
    // 4 sessions, 2 agents, 2 holders, 2 keys and the switch.
    expect(large.checked).toBe(11);
    expect(small.pages).toBeGreaterThan(8);
  });

  it.each<[string, string, keyof typeof ids, AuditState['differing'][number]['kind'], string[]]>([
    [
      'a session revived',
      `update ledger.session_head set status = 'active' where session_id = $1`,
      'ended',
      'session',
      ['status'],
    ],
    [
      'a session’s head taken away',
      'delete from ledger.session_head where session_id = $1',
      'session',
      'session',
      ['missing'],
    ],
    [
      'an agent enabled or disabled',
      'update ledger.agent_head set enabled = not enabled where agent_id = $1',
      'agent',
      'agent',
      ['enabled'],
    ],
    [
      'an agent’s defaults',
      `update ledger.agent_head set default_constraints = '{"maxRenewals":99}' where agent_id = $1`,
      'agent',
      'agent',
      ['defaultConstraints'],
    ],
    [
      'a holder’s sealing key',
      `update ledger.holder_head set sealing_key = '{"kty":"OKP","crv":"X25519","x":"AA"}' where holder_id = $1`,
      'holder',
      'holder',
      ['sealingKey'],
    ],
    [
      'a holder’s signing key',
      `update ledger.holder_head set signing_key = '{"kty":"OKP","crv":"Ed25519","x":"AA"}' where holder_id = $1`,
      'holder',
      'holder',
      ['signingKey'],
    ],
    [
      'a removed holder brought back',
      'update ledger.holder_head set removed_at = null where holder_id = $1',
      'removed',
      'holder',
      ['isRemoved'],
    ],
    [
      'a holder’s head taken away',
      'delete from ledger.holder_head where holder_id = $1',
      'holder',
      'holder',
      ['missing'],
    ],
    ['a key’s role', `update ledger.api_key set role = 'owner' where key_id = $1`, 'key', 'api_key', ['role']],
    [
      'a key’s secret',
      `update ledger.api_key set secret_hash = repeat('0', 64) where key_id = $1`,
      'key',
      'api_key',
      ['secretHash'],
    ],
    ['a key’s head taken away', 'delete from ledger.api_key where key_id = $1', 'key', 'api_key', ['missing']],
  ])('names %s', async (_, statement, of, kind, fields) => {
    const found = await whileChanged(statement, [ids[of]]);
    expect(found).toEqual([{ kind, id: ids[of], fields }]);
  });

  it('names a holder moved to another session, a released switch, and what was put in', async () => {
    const moved = await whileChanged('update ledger.holder_head set session_id = $2 where holder_id = $1', [
      ids.holder,
      ids.ended,
    ]);
    expect(moved).toEqual([{ kind: 'holder', id: ids.holder, fields: ['sessionId'] }]);
    const on = await whileChanged('update ledger.kill_switch set active = true', []);
    expect(on).toEqual([{ kind: 'kill_switch', id: 'kill_switch', fields: ['active'] }]);
    const agentless = randomUUID();
    const stray = await whileChanged('update ledger.holder_head set agent_id = $2 where holder_id = $1', [
      ids.holder,
      agentless,
    ]);
    expect(stray).toEqual([
      { kind: 'holder', id: ids.holder, fields: ['missing'] },
      { kind: 'holder', id: ids.holder, fields: ['unknown'] },
    ]);
    const renamed = await whileChanged('update ledger.session_head set session_id = $2 where session_id = $1', [
      ids.session,
      agentless,
    ]);
    expect(renamed).toEqual([
      { kind: 'session', id: agentless, fields: ['unknown'] },
      { kind: 'session', id: ids.session, fields: ['missing'] },
    ]);
    expect((await compared(100)).differing).toEqual([]);
  });

  it('names an older head that is put back whole, version and all', async () => {
    const session = await running.session();
    const { agentId } = session;
    const holder = await TestHolder.register(running, session.id);
    const key = await createKey('owner');
    const tables = ['session_head', 'agent_head', 'holder_head', 'api_key', 'kill_switch'];
    for (const table of tables)
      await superuser.query(`create temporary table old_${table} as select * from ledger.${table}`);
    await running.owner.revokeSession(session.id);
    await running.call('PATCH', `/v1/agents/${agentId}`, running.ownerHeaders, { enabled: false });
    await running.owner.removeHolder(holder.id);
    await running.call('DELETE', `/v1/api-keys/${key}`, running.ownerHeaders);
    await running.call('PUT', '/v1/kill-switch', running.ownerHeaders, { reason: 'for good' });
    expect((await compared(100)).differing).toEqual([]);
    for (const table of tables) {
      await superuser.query(`delete from ledger.${table}`);
      await superuser.query(`insert into ledger.${table} select * from old_${table}`);
    }
    // It works: the revoked token is accepted again, and only the comparison tells.
    const revived = await running.call('GET', '/v1/session', bearer(session.token));
    expect(revived.status).toBe(200);
    expect((await compared(2)).differing).toEqual([
      { kind: 'session', id: session.id, fields: expect.arrayContaining(['status', 'version']) },
      { kind: 'agent', id: agentId, fields: ['enabled', 'version'] },
      { kind: 'holder', id: holder.id, fields: ['isRemoved'] },
      { kind: 'api_key', id: key, fields: ['isRevoked'] },
      { kind: 'kill_switch', id: 'kill_switch', fields: ['active', 'reason'] },
    ]);
    const sample = await running.call<AuditState>('GET', '/v1/audit/state?sample=1000', running.ownerHeaders);
    expect(sample.body.differing.map(({ kind }) => kind)).toEqual([
      'session',
      'agent',
      'holder',
      'api_key',
      'kill_switch',
    ]);
  });

  it('pages by Link like every list, and refuses a cursor of somebody else', async () => {
    const first = await running.call<AuditState>('GET', '/v1/audit/state?limit=2', running.ownerHeaders);
    const link = /^<(.*)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect(new URL(link, running.url).searchParams.get('cursor')).toBe(first.body.nextCursor);
    const second = await running.call<AuditState>('GET', link, running.ownerHeaders);
    expect([second.status, second.body.checked]).toEqual([200, 2]);
    for (const cursor of [
      'x',
      Buffer.from('sessions/x').toString('base64url'),
      Buffer.from('streams/\0').toString('base64url'),
    ]) {
      const { status, body } = await running.call<Problem>(
        'GET',
        `/v1/audit/state?cursor=${cursor}`,
        running.ownerHeaders,
      );
      expect([status, body.code]).toEqual([400, 'BAD_REQUEST']);
    }
  });
});
