import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { desktop, looked } from './desktop.js';
import { RunningLedger } from './running-ledger.js';

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start();
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

describe('a process in the ledger’s own data directory', () => {
  it('hears of a rotation over NATS, as a user who may only listen, with SSE refused', async () => {
    const installation = await ledger.install({ expiresIn: 600 }, { dataDir: ledger.dataDir });
    await using it = await desktop(ledger, installation);
    it.proxy.treat = ({ path }) => (path === '/v1/updates' ? 'refuse' : 'pass');
    await until(() => it.host.process.stderr.includes('Updates come over NATS'), { describe: 'the subscription' });
    await looked(it.host);
    await it.host.untilSelf({ state: 'active', reason: null, generation: 0 });
    it.proxy.cutAll();
    await ledger.owner.rotateSession(installation.session.id);
    await it.host.untilSelf({ generation: 1 });
    expect(it.proxy.requests('GET', '/v1/session').map(({ status }) => status)).not.toContain(401);
  });
});
