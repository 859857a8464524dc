import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentView, CloudEvent, List, Problem, SessionView, SessionWithToken } from '#libs/contracts';
import { loadConfig, type RunningService } from '#libs/platform';
import { createTestDatabase, startTestNats, type TestDatabase, testLogger, type TestNats, until } from '#libs/testing';
import { age } from '../../../test/api/aged-session.js';
import { startSequencer } from '../../sequencer/src/start-sequencer.js';
import { startApi } from './start-api.js';

let database: TestDatabase;
let nats: TestNats;
let api: RunningService;
let sequencer: RunningService;
let owner: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  nats = await startTestNats();
  const dataDir = mkdtempSync(join(tmpdir(), 'api-'));
  const config = loadConfig({
    LEDGER_DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    LEDGER_PORT: '0',
    LEDGER_PREVIOUS_TOKEN_GRACE: '0',
  });
  const logger = testLogger('test');
  sequencer = await startSequencer({ config, logger });
  api = await startApi({ config, logger });
  owner = { 'x-master-password': readFileSync(join(dataDir, 'owner-key'), 'utf8').trim() };
});

afterAll(async () => {
  await api?.close();
  await sequencer?.close();
  await nats?.stop();
  await database?.[Symbol.asyncDispose]();
});

async function call<T>(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<{ status: number; body: T }> {
  const response = await fetch(api.url + path, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text ? JSON.parse(text) : null) as T };
}
const bearer = (token: string | null) => ({ authorization: `Bearer ${token}` });

describe('a session over HTTP', () => {
  it('is created, renewed, rotated and revoked; each superseded token is dead on an ordinary route', async () => {
    const agent = await call<AgentView>('POST', '/v1/agents', owner, { name: 'courier' });
    expect(agent.status).toBe(201);
    const created = await call<SessionWithToken>('POST', '/v1/sessions', owner, { agentId: agent.body.id });
    expect(created.status).toBe(201);
    const first = created.body.token;

    const early = await call<Problem>('PUT', `/v1/sessions/${created.body.id}/renew`, bearer(first));
    expect([early.status, early.body.code]).toEqual([400, 'RENEWAL_TOO_EARLY']);
    await age({ database }, created.body.id);
    const renewed = await call<SessionWithToken>('PUT', `/v1/sessions/${created.body.id}/renew`, bearer(first));
    expect(renewed.status).toBe(200);
    expect(renewed.body).toMatchObject({ generation: 1, renewalCount: 1, remainingRenewals: 29 });
    const old = await call<Problem>('GET', '/v1/session', bearer(first));
    expect([old.status, old.body.code]).toEqual([401, 'TOKEN_SUPERSEDED']);

    const rotated = await call<SessionWithToken>('POST', `/v1/sessions/${created.body.id}/rotate`, owner);
    expect(rotated.body).toMatchObject({ generation: 2, renewalCount: 1 });
    expect((await call('GET', '/v1/session', bearer(renewed.body.token))).status).toBe(401);
    const own = await call<SessionView>('GET', '/v1/session', bearer(rotated.body.token));
    expect(own.body).toMatchObject({ id: created.body.id, generation: 2 });

    const revoked = await call<SessionView>('DELETE', `/v1/sessions/${created.body.id}`, owner, { reason: 'done' });
    expect(revoked.body.status).toBe('revoked');
    const dead = await call<Problem>('GET', '/v1/session', bearer(rotated.body.token));
    expect([dead.status, dead.body.code]).toEqual([401, 'SESSION_REVOKED']);

    const history = await until(
      async () => {
        const { body } = await call<List<CloudEvent>>('GET', `/v1/sessions/${created.body.id}/events`, owner);
        return body.items.length === 4 && body.items;
      },
      { describe: 'the history to be sequenced' },
    );
    expect(history.map(({ type }) => type)).toEqual([
      'ledger.session.created.v1',
      'ledger.session.renewed.v1',
      'ledger.session.renewed.v1',
      'ledger.session.revoked.v1',
    ]);
  });

  it('answers in problems: nothing there, no credential, wrong fields, no JSON', async () => {
    expect((await call<Problem>('GET', '/nowhere', owner)).body.code).toBe('NOT_FOUND');
    expect((await call<Problem>('GET', '/v1/agents', {})).body.code).toBe('TOKEN_MISSING');
    const wrong = await call<Problem>('POST', '/v1/agents', owner, { name: '', extra: 1 });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'BAD_REQUEST']);
    expect(wrong.body.errors?.length).toBeGreaterThan(0);
    const torn = await fetch(`${api.url}/v1/agents`, {
      method: 'POST',
      headers: { ...owner, 'content-type': 'application/json' },
      body: '{"name":',
    });
    expect([torn.status, ((await torn.json()) as Problem).code]).toEqual([400, 'BAD_REQUEST']);
  });

  it('streams the agent’s events as they happen', async () => {
    const agent = await call<AgentView>('POST', '/v1/agents', owner, { name: 'listener' });
    const session = await call<SessionWithToken>('POST', '/v1/sessions', owner, { agentId: agent.body.id });
    const history = `/v1/sessions/${session.body.id}/events`;
    await until(async () => (await call<List<CloudEvent>>('GET', history, owner)).body.items.length === 1, {
      describe: 'the creation to be sequenced',
    });
    const abort = new AbortController();
    const stream = await fetch(`${api.url}/v1/updates`, { headers: bearer(session.body.token), signal: abort.signal });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    let heard = '';
    const decoder = new TextDecoder();
    const chunks = (stream.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const hear = async (text: string): Promise<void> => {
      while (!heard.includes(text)) {
        const { value, done } = await chunks.next();
        if (done) throw new Error(`the stream ended without ${text}: ${heard}`);
        heard += decoder.decode(value, { stream: true });
      }
    };
    // What the beginning of the stream asks of the credential is answered by then: the end comes with the revocation's event.
    const other = await call<SessionWithToken>('POST', '/v1/sessions', owner, {
      agentId: agent.body.id,
      supersede: false,
    });
    await hear(`"subject":"${other.body.id}"`);
    await call('DELETE', `/v1/sessions/${session.body.id}`, owner);
    await hear('event: end');
    abort.abort();
    expect(heard).toContain('ledger.session.revoked.v1');
    expect(heard).toContain('SESSION_REVOKED');
  });
});
