import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '#libs/testing';
import { writeMcpToken } from '#libs/token-file';
import { desktop, type Desktop } from './desktop.js';
import type { SeenRequest, Treatment } from './ledger-proxy.js';
import { RunningLedger, type Installation } from './running-ledger.js';

/** Seconds: renewal at 16–20, three retries within the rest; many processes start before. */
const TTL = 30;

// Tokens live longer where the machine is slow.
jest.setTimeout(1_500_000);

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

const isRenewal = ({ method }: SeenRequest): boolean => method === 'PUT';

/** The first renewal meets with this; everything else passes. */
function firstRenewal({ proxy }: Desktop, treatment: Treatment): void {
  let met = false;
  proxy.treat = (request) => {
    if (!isRenewal(request) || met) return 'pass';
    met = true;
    return treatment;
  };
}

async function renewed({ host }: Desktop, generation: number): Promise<void> {
  await host.untilSelf({ generation, state: 'active' });
}

/** Requests that belong to renewing, from the first PUT on. */
function sequence({ proxy }: Desktop, { session }: Installation): string[] {
  const from = proxy.seen.findIndex(isRenewal);
  return proxy.seen
    .slice(from)
    .filter(({ path }) => path.endsWith('/renew') || path === '/v1/holders/token')
    .map(({ method, path }) => `${method} ${path.replace(session.id, 'id')}`);
}

async function answeredWith(status: number): Promise<void> {
  const installation = await ledger.install({ expiresIn: ledger.life(TTL) });
  await using it = await desktop(ledger, installation);
  firstRenewal(it, { status, headers: { 'content-type': 'text/plain' }, body: 'proxy error' });
  await renewed(it, 1);
  expect(sequence(it, installation).slice(0, 3)).toEqual([
    'PUT /v1/sessions/id/renew',
    'POST /v1/holders/token',
    'PUT /v1/sessions/id/renew',
  ]);
  expect(await ledger.renewals(installation.session.id)).toBe(1);
}

async function answerNotHeard(treatment: 'lose-answer' | 'cut-body'): Promise<void> {
  const installation = await ledger.install({ expiresIn: ledger.life(TTL) });
  await using it = await desktop(ledger, installation);
  let met = false;
  it.proxy.treat = (request) => {
    // Without news from elsewhere the process has to find it out itself.
    if (request.path === '/v1/updates') return 'refuse';
    if (!isRenewal(request) || met) return 'pass';
    met = true;
    return treatment;
  };
  it.proxy.cutAll();
  await renewed(it, 1);
  expect(sequence(it, installation)).toEqual(['PUT /v1/sessions/id/renew', 'POST /v1/holders/token']);
  expect(await ledger.renewals(installation.session.id)).toBe(1);
}

describe('the answer table of a renewal', () => {
  it.concurrent.each([[[429, 500, 502]], [[503, 504]]])('%j: asks first, then sends again', async (all) => {
    await Promise.all(all.map(answeredWith));
  });

  it.concurrent(
    'an answer that is lost or cut: the renewal was done, the hand-over brings its token, nothing is sent twice',
    async () => {
      await Promise.all((['lose-answer', 'cut-body'] as const).map(answerNotHeard));
    },
  );

  it.concurrent('409: the file’s newer token is taken', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(TTL) }, { holder: false });
    await using it = await desktop(ledger, installation);
    it.proxy.treat = async (request): Promise<Treatment> => {
      if (request.path === '/v1/updates') return 'refuse';
      if (!isRenewal(request) || request.generation !== 0) return 'pass';
      // Somebody else is faster by the blink of an eye.
      const answer = await fetch(`${ledger.baseUrl}${request.path}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${installation.session.token}` },
      });
      const { token } = (await answer.json()) as { token: string };
      await writeMcpToken(installation.tokenFile, token);
      return 'pass';
    };
    await renewed(it, 1);
    const statuses = it.proxy.requests('PUT', '/renew').map(({ status }) => status);
    expect(statuses).toHaveLength(1);
    // With grace 0 and no holder proof the ledger says 401 where it would say 409 inside the grace.
    expect([401, 409]).toContain(statuses[0]);
    expect(await ledger.renewals(installation.session.id)).toBe(1);
  });

  it.concurrent('409: without a newer file the hand-over brings the token', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(TTL) });
    await using it = await desktop(ledger, installation);
    let rotated = false;
    it.proxy.treat = async (request): Promise<Treatment> => {
      if (request.path === '/v1/updates') return 'refuse';
      if (isRenewal(request) && !rotated) {
        rotated = true;
        await ledger.owner.rotateSession(installation.session.id);
      }
      return 'pass';
    };
    it.proxy.cutAll();
    await renewed(it, 1);
    expect(it.proxy.requests('PUT', '/renew').map(({ status }) => status)).toEqual([409]);
  });

  it.concurrent(
    '401: a session that was revoked meanwhile ends as expired, and no request is repeated in a hurry',
    async () => {
      const installation = await ledger.install({ expiresIn: ledger.life(TTL) });
      await using it = await desktop(ledger, installation);
      let revoked = false;
      it.proxy.treat = async (request): Promise<Treatment> => {
        if (request.path === '/v1/updates') return 'refuse';
        if (isRenewal(request) && !revoked) {
          revoked = true;
          await ledger.owner.revokeSession(installation.session.id);
        }
        return 'pass';
      };
      it.proxy.cutAll();
      await it.host.untilSelf({ state: 'expired', reason: 'session_revoked' });
      expect(it.proxy.count('PUT', '/renew')).toBe(1);
      expect(it.proxy.count('POST', '/v1/holders/token')).toBeLessThanOrEqual(3);
    },
  );

  it.concurrent('403 HOLDER_REQUIRED: stays on its token and says how to register', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(TTL) }, { holder: false });
    await ledger.hold(installation.dataDir, installation.session, 'elsewhere');
    await using it = await desktop(ledger, installation);
    await it.host.untilSelf({ state: 'expiring', reason: 'holder_required' });
    const { content } = await it.host.call('session_status');
    expect(content).toMatchObject({ status: 'ok', session: { generation: 0 } });
    expect(JSON.stringify(content)).toContain('sledger mcp setup');
    expect(it.proxy.count('PUT', '/renew')).toBe(1);
    // The owner mends it: the process renews as the holder by itself, and tells which generation it runs.
    const holderId = await ledger.hold(installation.dataDir, installation.session);
    await renewed(it, 1);
    expect(it.proxy.requests('PUT', '/renew').map(({ status, holder }) => [status, holder])).toEqual([
      [403, false],
      [200, true],
    ]);
    await until(
      async () => {
        for await (const holder of ledger.owner.holders({ sessionId: installation.session.id })) {
          if (holder.id === holderId) return holder.generation === 1;
        }
        return false;
      },
      { describe: 'the receipt' },
    );
  });

  // By itself: it stops everybody.
  it('503 KILL_SWITCH_ACTIVE: keeps the token and goes on when it is released', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(60) });
    await using it = await desktop(ledger, installation);
    await it.host.call('session_status');
    await ledger.owner.activateKillSwitch({ reason: 'drill' });
    const { isError, content } = await it.host.call('renew_session');
    expect([isError, content['status']]).toEqual([false, 'kill_switch_active']);
    expect(content['hint']).toContain('sledger kill-switch off');
    expect(await it.host.self()).toMatchObject({ state: 'active', generation: 0, reason: 'kill_switch' });
    await ledger.owner.releaseKillSwitch();
    await until(async () => (await it.host.call('session_status')).content['status'] === 'ok', {
      describe: 'the release',
    });
    await it.host.untilSelf({ state: 'active', reason: null });
  });
});
