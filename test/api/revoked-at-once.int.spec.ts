import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { bareToken, type KeyRotationView, type Problem, type SessionWithToken } from '#libs/contracts';
import { Standstill, until } from '#libs/testing';
import { bearer, RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';
import { UpdateListener } from './update-listener.js';

/** A heartbeat comes every 15 s and would end a stream too: what ends well before it was told by the event. Milliseconds. */
const AT_ONCE = 10_000;

let api: RunningApi;
let second: string;

beforeAll(async () => {
  api = await RunningApi.start();
  second = await api.startAnother();
});

afterAll(() => api?.[Symbol.asyncDispose]());

const kidOf = (token: string | null) => decodeProtectedHeader(bareToken(token ?? '')).kid as string;

function newSessionAtSecond(agentId: string): Promise<SessionWithToken> {
  return api
    .callAt<SessionWithToken>(second, 'POST', '/v1/sessions', api.ownerHeaders, { agentId, supersede: false })
    .then(({ body }) => body);
}

async function currentKid(): Promise<string> {
  const { body } = await api.call<{ items: { kid: string; state: string }[] }>('GET', '/v1/keys', api.ownerHeaders);
  return body.items.find(({ state }) => state === 'current')?.kid ?? '';
}

async function revokeKey(kid: string): Promise<KeyRotationView> {
  return (await api.call<KeyRotationView>('POST', '/v1/keys/rotate', api.ownerHeaders, { revoke: kid })).body;
}

describe('a signing key that is revoked on one instance', () => {
  it('signs and proves nothing on another from that moment on', async () => {
    const { id: agentId } = await api.agent();
    const session = await newSessionAtSecond(agentId);
    const stolen = kidOf(session.token);
    const { kid } = await revokeKey(stolen);
    const refused = await api.callAt<Problem>(second, 'GET', '/v1/session', bearer(session.token));
    expect([refused.status, refused.body.code]).toEqual([401, 'TOKEN_KEY_UNKNOWN']);
    const next = await newSessionAtSecond(agentId);
    expect(kidOf(next.token)).toBe(kid);
    expect((await api.callAt(second, 'GET', '/v1/session', bearer(next.token))).status).toBe(200);
  });

  it('leaves no session with a token of it, however many are issued and rotated elsewhere meanwhile', async () => {
    const { id: agentId } = await api.agent();
    const sessions = await Promise.all(Array.from({ length: 6 }, () => newSessionAtSecond(agentId)));
    const stolen = await currentKid();
    let going = true;
    const answers: number[] = [];
    const busy = sessions.map(async ({ id }) => {
      while (going) {
        const path = `/v1/sessions/${id}/rotate`;
        answers.push((await api.callAt(second, 'POST', path, api.ownerHeaders)).status);
      }
    });
    const issuing = (async () => {
      while (going) sessions.push(await newSessionAtSecond(agentId));
    })();
    await until(() => answers.length > 20, { describe: 'the other instance to be busy' });
    await revokeKey(stolen);
    const before = answers.length;
    await until(() => answers.length > before + 10, { describe: 'the other instance to go on' });
    going = false;
    await Promise.all([...busy, issuing]);
    expect(new Set(answers)).toEqual(new Set([200]));
    for (const { id } of sessions) {
      const rotated = await api.callAt<SessionWithToken>(second, 'GET', `/v1/sessions/${id}`, api.ownerHeaders);
      expect(rotated.body.status).toBe('active');
    }
    expect(await sessionsOfKey(stolen)).toBe(0);
  });
});

async function sessionsOfKey(kid: string): Promise<number> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: api.database.url });
  await client.connect();
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count from ledger.session_head where status = 'active' and token_header::jsonb ->> 'kid' = $1`,
    [kid],
  );
  await client.end();
  return rows[0]?.count ?? -1;
}

describe('an open update stream', () => {
  /** Opens one on the other instance, does what takes its right away on the first, and gives the reason of its end. */
  async function endOf(headers: () => Record<string, string>, takeAway: () => Promise<unknown>): Promise<unknown> {
    const listener = new UpdateListener(second, headers);
    const ended = listener.listen();
    await until(() => listener.heard.length > 0, { describe: 'the stream to open' });
    using standstill = new Standstill();
    await takeAway();
    // Transactions of other tests may hold up the event's place in the log.
    await api.caughtUp();
    const asked = performance.now();
    await ended;
    expect(performance.now() - asked - standstill.ms).toBeLessThan(AT_ONCE);
    return listener.heard.at(-1);
  }

  it('ends with the holder that it belongs to', async () => {
    const session = await api.session();
    const holder = await TestHolder.register(api, session.id);
    const proof = await holder.proof('GET', '/v1/updates');
    expect(
      await endOf(
        () => proof,
        () => api.owner.removeHolder(holder.id),
      ),
    ).toMatchObject({ event: 'end', data: '{"code":"HOLDER_ASSERTION_INVALID"}' });
  });

  it('ends with the API key that it belongs to', async () => {
    const body = { name: 'reader', role: 'auditor' } as const;
    const { id, key } = await api.owner.http.call('POST /v1/api-keys', { body });
    expect(
      await endOf(
        () => bearer(key),
        () => api.owner.http.call('DELETE /v1/api-keys/:id', { params: { id } }),
      ),
    ).toMatchObject({ event: 'end', data: '{"code":"CREDENTIAL_INVALID"}' });
  });

  it.each(['token', 'holder'])(
    'ends for the %s of an agent that is disabled, and is refused until it is enabled',
    async (kind) => {
      const session = await api.session();
      const holder = await TestHolder.register(api, session.id);
      const headers = () =>
        kind === 'token' ? Promise.resolve(bearer(session.token)) : holder.proof('GET', '/v1/updates');
      const given = await headers();
      const disable = () => api.owner.updateAgent(session.agentId, { enabled: false });
      expect(await endOf(() => given, disable)).toMatchObject({ event: 'end', data: '{"code":"AGENT_DISABLED"}' });
      const refused = await api.callAt<Problem>(second, 'GET', '/v1/updates', await headers());
      expect([refused.status, refused.body.code]).toEqual([403, 'AGENT_DISABLED']);
      await api.owner.updateAgent(session.agentId, { enabled: true });
      const again = await fetch(`${second}/v1/updates`, { headers: await headers() });
      expect(again.status).toBe(200);
      await again.body?.cancel();
    },
  );

  it('ends with the session of its token', async () => {
    const session = await api.session();
    expect(
      await endOf(
        () => bearer(session.token),
        () => api.owner.revokeSession(session.id),
      ),
    ).toMatchObject({ event: 'end', data: '{"code":"SESSION_REVOKED"}' });
  });
});

describe('an API key', () => {
  it('is refused on every instance at once when it is revoked', async () => {
    const body = { name: 'reader', role: 'auditor' } as const;
    const { id, key } = await api.owner.http.call('POST /v1/api-keys', { body });
    expect((await api.callAt(second, 'GET', '/v1/agents', bearer(key))).status).toBe(200);
    await api.owner.http.call('DELETE /v1/api-keys/:id', { params: { id } });
    const { status } = await api.callAt(second, 'GET', '/v1/agents', bearer(key));
    expect(status).toBe(401);
  });
});
