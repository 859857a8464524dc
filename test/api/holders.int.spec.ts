import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { importJWK, SignJWT, type JWTPayload } from 'jose';
import { generateHolderKeys, HolderIdentity } from '#libs/client';
import { HOLDER_ASSERTION_HEADER, type Problem } from '#libs/contracts';
import { bearer, type Reply, RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});

afterAll(() => api?.[Symbol.asyncDispose]());

const TOKEN_PATH = '/v1/holders/token';

function handOverWith(assertion: string): Promise<Reply<Problem>> {
  return api.call<Problem>('POST', TOKEN_PATH, { [HOLDER_ASSERTION_HEADER]: assertion });
}

describe('a holder’s assertion', () => {
  it('is refused for another method, URL, time, key, server or life, and each refusal tells the server’s time', async () => {
    const { identity, id, keys } = await TestHolder.register(api, (await api.session()).id);
    const now = Date.now() / 1000;
    const key = await importJWK(keys.signingKey, 'EdDSA');
    const signed = (claims: JWTPayload) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' }).sign(key);
    const iat = Math.floor(now);
    const right = { iss: id, sub: id, aud: api.issuer, htm: 'POST', htu: TOKEN_PATH, iat, exp: iat + 60 };
    const stranger = new HolderIdentity(id, api.issuer, await generateHolderKeys());
    const unknown = new HolderIdentity(randomUUID(), api.issuer, keys);
    const refused: Record<string, string> = {
      'another method': await identity.assertion('GET', TOKEN_PATH, now),
      'another URL': await identity.assertion('POST', '/v1/holders/receipts', now),
      'a time too early': await identity.assertion('POST', TOKEN_PATH, now - 130),
      'a time too late': await identity.assertion('POST', TOKEN_PATH, now + 130),
      'another key': await stranger.assertion('POST', TOKEN_PATH, now),
      'an unknown holder': await unknown.assertion('POST', TOKEN_PATH, now),
      'another server': await new HolderIdentity(id, 'https://elsewhere.example', keys).assertion(
        'POST',
        TOKEN_PATH,
        now,
      ),
      'too long a life': await signed({ ...right, jti: randomUUID(), exp: iat + 61 }),
      'no jti': await signed(right),
      'another issuer than subject': await signed({ ...right, jti: randomUUID(), iss: randomUUID() }),
      'no JWT': 'not.a.jwt',
    };
    for (const [what, assertion] of Object.entries(refused)) {
      const asked = Date.now();
      const { status, body, headers } = await handOverWith(assertion);
      expect([what, status, body.code]).toEqual([what, 401, 'HOLDER_ASSERTION_INVALID']);
      // Whole seconds, which the server may have looked up a second ago.
      const date = Date.parse(headers.get('date') ?? '');
      expect([date > asked - 3_000, date <= Date.now()]).toEqual([true, true]);
    }
    expect((await handOverWith(await signed({ ...right, jti: randomUUID() }))).status).toBe(200);
  });

  it('counts once, on whichever instance it comes a second time', async () => {
    const second = await api.startAnother();
    const holder = await TestHolder.register(api, (await api.session()).id);
    const proof = await holder.proof('POST', TOKEN_PATH);
    const answers = await Promise.all(
      [api.url, second, api.url, second].map((url) => api.callAt(url, 'POST', TOKEN_PATH, proof)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
  });
});

describe('the hand-over', () => {
  it('seals the current token to the holder that asks: nobody else opens it', async () => {
    const session = await api.session();
    const [mine, other] = await Promise.all([
      TestHolder.register(api, session.id, 'mine'),
      TestHolder.register(api, session.id, 'other'),
    ]);
    const { body } = await mine.handOver();
    expect(`sl_sess_${await mine.identity.open(body.sealedToken)}`).toBe(session.token);
    await expect(other.identity.open(body.sealedToken)).rejects.toThrow();
    expect(JSON.stringify(body)).not.toContain(session.token?.split('.')[2]);
  });

  it('is recorded once for each holder and generation, however often it is asked', async () => {
    const session = await api.session();
    const holder = await TestHolder.register(api, session.id);
    await Promise.all(Array.from({ length: 10 }, () => holder.token()));
    await api.owner.rotateSession(session.id);
    await Promise.all(Array.from({ length: 10 }, () => holder.token()));
    const handed = (await api.events(session.id)).filter(({ type }) => type === 'TokenHandedOver');
    expect(handed.map(({ data }) => (data as { generation: number }).generation)).toEqual([0, 1]);
  });

  it('follows the holder to the session that superseded its own', async () => {
    const first = await api.session();
    const holder = await TestHolder.register(api, first.id);
    const next = await api.owner.createSession({ agentId: first.agentId });
    expect(`sl_sess_${await holder.token()}`).toBe(next.token);
    expect((await api.call<Problem>('GET', '/v1/session', bearer(first.token))).body.code).toBe('SESSION_REVOKED');
  });

  it('is refused while the agent is disabled, and to a holder whose session has ended', async () => {
    const session = await api.session();
    const holder = await TestHolder.register(api, session.id);
    await api.owner.updateAgent(session.agentId, { enabled: false });
    expect((await holder.handOver()).body).toMatchObject({ code: 'AGENT_DISABLED' });
    await api.owner.updateAgent(session.agentId, { enabled: true });
    expect((await holder.handOver()).status).toBe(200);
    await api.owner.revokeSession(session.id);
    expect((await holder.handOver()).body).toMatchObject({ code: 'SESSION_REVOKED' });
  });
});

describe('removing a holder', () => {
  it('rotates the session: its token is dead, it gets no other, the remaining holder does', async () => {
    const session = await api.session();
    const [lost, kept] = await Promise.all([
      TestHolder.register(api, session.id, 'lost'),
      TestHolder.register(api, session.id, 'kept'),
    ]);
    await api.owner.removeHolder(lost.id);
    expect((await api.call('GET', '/v1/session', bearer(session.token))).status).toBe(401);
    expect((await lost.handOver()).body).toMatchObject({ code: 'HOLDER_ASSERTION_INVALID' });
    const token = await kept.token();
    expect((await api.call('GET', '/v1/session', bearer(token))).body).toMatchObject({
      generation: 1,
      renewalCount: 0,
    });
    expect((await api.events(session.id)).map(({ type }) => type)).toContain('SessionRenewed');
  });
});

describe('registering a holder', () => {
  it('answers a repeated request as the first time, and registers once', async () => {
    const session = await api.session();
    const keys = await generateHolderKeys();
    const { x } = keys.signingKey;
    const body = {
      sessionId: session.id,
      name: 'desktop',
      signingKey: { kty: 'OKP', crv: 'Ed25519', x },
      sealingKey: { kty: 'OKP', crv: 'X25519', x: keys.sealingKey.x },
    };
    const headers = { ...api.ownerHeaders, 'idempotency-key': randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => api.call<{ id: string }>('POST', '/v1/holders', headers, body)),
    );
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.body.id}`)).size).toBe(1);
    expect((await api.owner.sessionHolders(session.id)).items).toHaveLength(1);
  });

  it('is not possible for a session that has ended or never was', async () => {
    const session = await api.session();
    await api.owner.revokeSession(session.id);
    await expect(TestHolder.register(api, session.id)).rejects.toMatchObject({ problem: { code: 'SESSION_ENDED' } });
    await expect(TestHolder.register(api, randomUUID())).rejects.toMatchObject({ problem: { code: 'NOT_FOUND' } });
  });
});
