import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assembleSession, generateHolderKeys, publicKeysOf, saveHolder } from '#libs/client';
import type { SessionWithToken } from '#libs/contracts';
import { until } from '#libs/testing';
import { getMcpTokenPath, writeMcpToken } from '#libs/token-file';
import { RunningApi } from '../../api/running-api.js';
import { LedgerProxy } from '../../scenarios/ledger-proxy.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
});
afterAll(() => api?.[Symbol.asyncDispose]());

/** An installation whose every way to the api leads through the proxy. */
async function install(proxy: LedgerProxy, session: SessionWithToken): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'holder-'));
  const keys = await generateHolderKeys();
  const { id } = await api.owner.registerHolder({ sessionId: session.id, name: 'desktop', ...publicKeysOf(keys) });
  await saveHolder(dataDir, { holderId: id, issuer: api.issuer, baseUrl: proxy.url, ...keys });
  await writeMcpToken(getMcpTokenPath(dataDir), session.token ?? '');
  return dataDir;
}

describe('a holder whose token was rotated away without grace', () => {
  it('has a token at every moment, also while the hand-over of the new one is under way', async () => {
    await using proxy = await LedgerProxy.start(api.url);
    const session = await api.session();
    const dataDir = await install(proxy, session);
    const { manager } = assembleSession({ dataDir, baseUrl: proxy.url });
    manager.start();
    try {
      await until(() => manager.getState().generation === 0 && proxy.count('GET', '/v1/session') > 0, {
        describe: 'the first token to be confirmed',
      });
      let handOvers = 0;
      let letThrough: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (letThrough = resolve));
      proxy.treat = async ({ path }) => {
        if (path.endsWith('/holders/token')) {
          handOvers++;
          await held;
        }
        return 'pass' as const;
      };
      const rotated = await api.owner.rotateSession(session.id);
      // A call was refused; the search has come as far as the hand-over, which takes its time.
      const next = manager.handleUnauthorized(session.token ?? '');
      await until(() => handOvers > 0, { describe: 'the hand-over to be asked' });
      expect(manager.getToken()).toBe(session.token);
      const waiting = manager.nextToken();
      letThrough();
      expect(await next).toBe(rotated.token);
      expect(await waiting).toBe(rotated.token);
      expect(manager.getToken()).toBe(rotated.token);
    } finally {
      await manager.dispose();
    }
  });

  it('has none once the search has found that the session has ended', async () => {
    await using proxy = await LedgerProxy.start(api.url);
    const session = await api.session();
    const { manager } = assembleSession({ dataDir: await install(proxy, session), baseUrl: proxy.url });
    manager.start();
    try {
      await until(() => proxy.count('GET', '/v1/session') > 0, { describe: 'the start' });
      await api.owner.revokeSession(session.id);
      expect(await manager.handleUnauthorized(session.token ?? '')).toBeNull();
      expect(manager.getToken()).toBeNull();
    } finally {
      await manager.dispose();
    }
  });
});
