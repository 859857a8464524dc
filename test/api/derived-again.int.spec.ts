import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { sessionEventOf } from '#libs/commands';
import { bareToken, sessionStream, type SessionWithToken } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger } from '#libs/ledger';
import { newId } from '#libs/platform';
import { evolve, type SessionState } from '#libs/session';
import { KeyRing, KnownTokens, SecretBox, TokenIssuer } from '#libs/tokens';
import { age, agedSession } from './aged-session.js';
import { bearer, RunningApi } from './running-api.js';

let api: RunningApi;
let database: Database;

beforeAll(async () => {
  api = await RunningApi.start();
  database = await Database.open({ url: api.database.url, applicationName: 'derived again', poolSize: 2 });
});
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

async function renew(sessionId: string, token: string): Promise<string> {
  const path = `/v1/sessions/${sessionId}/renew`;
  const { status, body } = await api.call<SessionWithToken>('PUT', path, bearer(token));
  expect(status).toBe(200);
  return body.token ?? '';
}

it('every token is made again bit for bit from the events alone, after renewals, a rotation, another signing key and a restart', async () => {
  const session = await agedSession(api);
  const tokens = [session.token, await renew(session.id, session.token)];
  await api.call('POST', '/v1/keys/rotate', api.ownerHeaders, {});
  // Five minutes and more pass: the next key signs.
  await database.query('update ledger.signing_key set signs_from = signs_from - 700');
  await age(api, session.id);
  tokens.push(await renew(session.id, tokens[1] ?? ''));
  tokens.push((await api.owner.rotateSession(session.id)).token ?? '');
  const kids = tokens.map((token) => decodeProtectedHeader(bareToken(token)).kid);
  expect(new Set(kids).size).toBe(2);

  // Nothing is known to what starts now but the database and the sealing key.
  const ledger = createLedger(database);
  const keys = new KeyRing(database, SecretBox.open({ file: join(api.dataDir, 'keys', 'seal.key') }));
  const issuer = new TokenIssuer(keys, { issuer: api.issuer, newId, known: new KnownTokens() });
  const derived: (string | null)[] = [];
  let state: SessionState | null = null;
  for (const event of await ledger.readStream(sessionStream(session.id))) {
    state = evolve(state, sessionEventOf(event));
    derived[state.generation] = await issuer.derive(state);
  }
  expect(derived).toEqual(tokens.map(bareToken));

  const { dueAt, ...head } = (await ledger.session(session.id))?.head ?? { dueAt: null };
  expect(dueAt).not.toBeNull();
  expect(state).toEqual(head);
});
