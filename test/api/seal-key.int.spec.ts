import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SessionWithToken } from '#libs/contracts';
import { registerSecret } from '#libs/testing';
import { agedSession } from './aged-session.js';
import { bearer, RunningApi } from './running-api.js';

const KEY = randomBytes(32).toString('base64');
let api: RunningApi;

beforeAll(async () => {
  registerSecret('a sealing key of the environment', KEY);
  api = await RunningApi.start({ LEDGER_SEAL_KEY: KEY });
});
afterAll(() => api?.[Symbol.asyncDispose]());

/** Nothing is shared with the first instance but the database, the bus and what is given here. */
function elsewhere(environment: Record<string, string>): Promise<string> {
  return api.startAnother({ LEDGER_DATA_DIR: mkdtempSync(join(tmpdir(), 'elsewhere-')), ...environment });
}

describe('a sealing key from the environment', () => {
  it('is written nowhere', () => {
    expect(existsSync(join(api.dataDir, 'keys', 'seal.key'))).toBe(false);
  });

  it('opens the signing key on another machine, which signs with it', async () => {
    const session = await agedSession(api);
    const url = await elsewhere({ LEDGER_SEAL_KEY: KEY, LEDGER_ISSUER: api.issuer });
    const path = `/v1/sessions/${session.id}/renew`;
    const renewed = await api.callAt<SessionWithToken>(url, 'PUT', path, bearer(session.token));
    expect(renewed.status).toBe(200);
    expect((await api.call('GET', '/v1/session', bearer(renewed.body.token))).status).toBe(200);
    const { keys } = (await (await fetch(`${api.url}/.well-known/jwks.json`)).json()) as { keys: unknown[] };
    expect(keys).toHaveLength(1);
  });

  it.each([
    ['another one', { LEDGER_SEAL_KEY: randomBytes(32).toString('base64') }],
    ['none, where a file of its own would be made', { LEDGER_SEAL_KEY: '' }],
  ])('is missed at the start by an instance with %s', async (_, environment) => {
    await expect(elsewhere(environment)).rejects.toThrow('does not open: is this the sealing key it was made with?');
  });

  it('of another length is refused', async () => {
    await expect(elsewhere({ LEDGER_SEAL_KEY: randomBytes(16).toString('base64') })).rejects.toThrow('LEDGER_SEAL_KEY');
  });
});
