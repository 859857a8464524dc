import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import { bareToken } from '#libs/contracts';
import { until } from '#libs/testing';
import { readMcpToken } from '#libs/token-file';
import { desktop } from './desktop.js';
import type { SeenRequest, Treatment } from './ledger-proxy.js';
import { RunningLedger } from './running-ledger.js';

/** Seconds: renewal at 10–12, and room for a slow start and a second try. */
const TTL = 20;
/** Rotations by the owner do not count. */
const MAX_RENEWALS = 3;

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

it('F-1 renew: schedule, renewal, file, and each branch of an error, in one life of a process', async () => {
  const installation = await ledger.install({ expiresIn: ledger.life(TTL), maxRenewals: MAX_RENEWALS });
  const { id } = installation.session;
  await using it = await desktop(ledger, installation);
  // What a renewal meets, by the generation that asks; each once.
  const meets = new Map<number, () => Treatment | Promise<Treatment>>([
    [0, () => ({ status: 503, body: 'a proxy without its server' })],
    [1, () => 'lose-answer'],
    [2, () => ledger.owner.rotateSession(id).then((): Treatment => 'pass')],
  ]);
  it.proxy.treat = (request) => {
    // No news from elsewhere: the process finds everything out by its own requests.
    if (request.path === '/v1/updates') return 'refuse';
    const met = isRenewal(request) ? meets.get(request.generation ?? -1) : undefined;
    if (!met) return 'pass';
    meets.delete(request.generation ?? -1);
    return met();
  };
  it.proxy.cutAll();
  const inFile = (): unknown => decodeJwt(bareToken(readMcpToken(installation.tokenFile) ?? ''))['gen'];
  const reached = async (generation: number): Promise<void> => {
    await it.host.untilSelf({ generation, state: 'active' });
    expect(inFile()).toBe(generation);
    expect((await it.host.call('session_status')).content['status']).toBe('ok');
  };

  // Scheduled, and not before half of the token's life.
  const renewAt = await until(async () => (await it.host.self())['renewAt'], { describe: 'a schedule' });
  expect(Date.parse(String(renewAt)) - Date.parse(installation.session.createdAt)).toBeGreaterThan(
    (ledger.life(TTL) / 2 - 1) * 1000,
  );
  // No answer of the ledger's: it looks whether the renewal happened, then sends it again.
  await reached(1);
  // The answer is lost: it was done, and the hand-over brings the token.
  await reached(2);
  // Somebody else was faster: the hand-over brings theirs.
  await reached(3);
  // Asked too early: it stays active and tries again when it may.
  const early = await it.host.call('renew_session');
  expect(early).toMatchObject({
    isError: false,
    content: { renewed: false, session: { state: 'active', generation: 3 } },
  });
  await reached(4);
  // No renewals are left: it keeps its token as long as that lives, then says what to do.
  await it.host.untilSelf({ state: 'expiring', reason: 'renewal_limit', generation: 4 });
  expect((await it.host.call('session_status')).content['status']).toBe('ok');
  await it.host.untilSelf({ state: 'expired' });
  const { content } = await it.host.call('session_status');
  expect(content).toMatchObject({ status: 'session_expired', hint: expect.stringContaining('sledger') });

  const sent = it.proxy.requests('PUT', '/renew').map(({ generation, status }) => [generation, status]);
  expect(sent).toEqual([
    [0, 503],
    [0, 200],
    [1, 0],
    [2, 409],
    [3, 400],
    [3, 200],
    [4, 403],
  ]);
  expect(meets.size).toBe(0);
  expect(await ledger.renewals(id)).toBe(MAX_RENEWALS + 1);
});
