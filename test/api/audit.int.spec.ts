import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CloudEvent, List, Problem, SessionView, SessionWithToken } from '#libs/contracts';
import { until } from '#libs/testing';
import { bearer, RunningApi } from './running-api.js';

const SESSIONS = 7;
let running: RunningApi;
let agentId: string;
let last: SessionWithToken;

beforeAll(async () => {
  running = await RunningApi.start();
  agentId = (await running.owner.createAgent({ name: 'audited' })).id;
  for (let number = 1; number <= SESSIONS; number++) {
    last = await running.owner.createSession({ agentId, reason: `delivery round ${number}` });
  }
  await running.caughtUp();
});
afterAll(() => running?.[Symbol.asyncDispose]());

function audit(query: Record<string, string>, headers = running.ownerHeaders) {
  return running.call<List<CloudEvent>>('GET', `/v1/audit?${new URLSearchParams(query).toString()}`, headers);
}

describe('the audit routes', () => {
  it('page both ways by their Link headers, without a gap or a repetition', async () => {
    const all = (await audit({ agentId, limit: '200' })).body.items.map(({ id }) => id);
    const follow = async (path: string, rel: string): Promise<{ ids: string[]; link: string | null }> => {
      const { body, headers } = await running.call<List<CloudEvent>>('GET', path, running.ownerHeaders);
      const link = new RegExp(`<([^>]+)>; rel="${rel}"`).exec(headers.get('link') ?? '')?.[1] ?? null;
      return { ids: body.items.map(({ id }) => id), link };
    };
    const forward: string[] = [];
    let path: string | null = `/v1/audit?agentId=${agentId}&limit=3`;
    let end = path;
    while (path !== null) {
      end = path;
      const page = await follow(path, 'next');
      forward.push(...page.ids);
      path = page.link;
    }
    expect(forward).toEqual(all);
    const backward: string[] = [];
    for (let back: string | null = end; back !== null;) {
      const page = await follow(back, 'prev');
      backward.unshift(...page.ids);
      back = page.link;
    }
    expect(backward).toEqual(all);
  });

  it('filter by session, type, actor, time and words of the reason', async () => {
    const found = async (query: Record<string, string>) => (await audit(query)).body.items.length;
    expect(await found({ sessionId: last.id })).toBe(1);
    expect(await found({ type: 'SessionRevoked' })).toBe(SESSIONS - 1);
    expect(await found({ actor: 'owner', type: 'AgentRegistered' })).toBe(1);
    expect(await found({ text: 'round 3' })).toBe(1);
    expect(await found({ to: '2020-01-01T00:00:00Z' })).toBe(0);
    expect(((await audit({ cursor: 'AAAA' })).body as unknown as Problem).code).toBe('BAD_REQUEST');
  });

  it('show a key with a filter its own agents only, in search and export', async () => {
    const other = await running.owner.createAgent({ name: 'another' });
    const { body } = await running.call<{ key: string }>('POST', '/v1/api-keys', running.ownerHeaders, {
      name: 'narrow',
      role: 'auditor',
      agents: [other.id],
    });
    expect((await audit({ type: 'SessionCreated' }, bearer(body.key))).body.items).toEqual([]);
    const exported = await running.call<string>('GET', '/v1/audit/export?type=SessionCreated', bearer(body.key));
    expect([exported.status, exported.body]).toEqual([200, '']);
  });

  it('export all of a search, oldest first, as NDJSON and as CSV', async () => {
    const ndjson = await fetch(`${running.url}/v1/audit/export?agentId=${agentId}`, { headers: running.ownerHeaders });
    const events = (await ndjson.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as CloudEvent);
    const listed = (await audit({ agentId, limit: '200' })).body.items;
    expect(events).toEqual([...listed].reverse());
    const csv = await fetch(`${running.url}/v1/audit/export?agentId=${agentId}&format=csv`, {
      headers: running.ownerHeaders,
    });
    expect((await csv.text()).trim().split('\r\n').length).toBe(events.length + 1);
  });

  it('show a session as it was at a time: before, at and between its events, and nothing of the future', async () => {
    const { id } = await running.owner.createSession({ agentId, supersede: false });
    const apart = async () => {
      const time = Date.parse((await running.events(id)).at(-1)?.time ?? '');
      await until(() => Date.now() > time + 20, { describe: 'the events to lie apart' });
    };
    await apart();
    await running.owner.rotateSession(id);
    await apart();
    await running.owner.revokeSession(id);
    const times = (await running.events(id)).map(({ time }) => Date.parse(time));
    const [created = 0, rotated = 0, revoked = 0] = times;
    expect(times).toHaveLength(3);
    const at = async (time: number | string): Promise<unknown> => {
      const text = encodeURIComponent(typeof time === 'string' ? time : new Date(time).toISOString());
      const path = `/v1/sessions/${id}?at=${text}`;
      const { body } = await running.call<SessionView | Problem>('GET', path, running.ownerHeaders);
      return 'code' in body ? [body.status, body.code, body.errors?.[0]?.path] : `${body.status} ${body.generation}`;
    };
    const middle = (from: number, to: number) => Math.floor((from + to) / 2);
    expect(await at('2020-01-01T00:00:00Z')).toEqual([404, 'NOT_FOUND', undefined]);
    expect(await at(created - 1)).toEqual([404, 'NOT_FOUND', undefined]);
    for (const time of [created, middle(created, rotated), rotated - 1]) expect(await at(time)).toBe('active 0');
    for (const time of [rotated, middle(rotated, revoked), revoked - 1]) expect(await at(time)).toBe('active 1');
    expect(await at(revoked)).toBe('revoked 1');
    for (const time of [Date.now() + 60_000, '9999-12-31T23:59:59Z']) {
      expect(await at(time)).toEqual([400, 'BAD_REQUEST', 'at']);
    }
  });

  it('show a session as new as the reader has heard', async () => {
    const rotated = await running.owner.rotateSession(last.id);
    const fresh = await running.call<SessionView>(
      'GET',
      `/v1/sessions/${last.id}?minVersion=${rotated.version}`,
      running.ownerHeaders,
    );
    expect([fresh.headers.get('ledger-stale'), fresh.body.generation]).toEqual([null, 1]);
    const stale = await running.call<SessionView>('GET', `/v1/sessions/${last.id}?minVersion=99`, running.ownerHeaders);
    expect([stale.status, stale.headers.get('ledger-stale')]).toEqual([200, 'true']);
  });
});
