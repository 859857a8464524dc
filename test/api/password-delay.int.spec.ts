import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OwnerClient } from '#libs/client';
import type { ApiKeyWithSecret, Problem, SessionWithToken } from '#libs/contracts';
import { until } from '#libs/testing';
import { bearer, RunningApi } from './running-api.js';

/** What the guesser waits after each wrong password, milliseconds; three are free. */
const DELAYS = [0, 0, 0, 500, 1_000, 2_000];

let running: RunningApi;
let session: SessionWithToken;
let superseded: string | null;
let ownerKey: string;

beforeAll(async () => {
  running = await RunningApi.start({ LEDGER_TRUSTED_PROXIES: '127.0.0.1' });
  const first = await running.session();
  superseded = first.token;
  session = await running.owner.rotateSession(first.id);
  const key = { name: 'the owner’s other way', role: 'owner' };
  ownerKey = (await running.call<ApiKeyWithSecret>('POST', '/v1/api-keys', running.ownerHeaders, key)).body.key ?? '';
});
afterAll(() => running?.[Symbol.asyncDispose]());

const read = (headers: Record<string, string>) => running.call<Problem>('GET', '/v1/agents', headers);
const wrong = (text: string) => ({ 'x-master-password': text });
const revoke = async (token: string | null, headers: Record<string, string>): Promise<number> => {
  const body = new URLSearchParams({ token: token ?? '' });
  return (await fetch(`${running.url}/oauth/revoke`, { method: 'POST', headers, body })).status;
};
const statusOf = async () =>
  (await new OwnerClient({ baseUrl: running.url, credential: ownerKey }).session(session.id)).status;

describe('after wrong passwords from one address', () => {
  it('each further one waits longer, over HTTP', async () => {
    const waits: number[] = [];
    let sentAt = performance.now();
    for (let guess = 0; guess < DELAYS.length; guess++) {
      let triedAt = sentAt;
      await until(
        async () => {
          triedAt = performance.now();
          const answer = await read(wrong(`guess ${guess}`));
          if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
          else expect(answer.body.code).toBe('CREDENTIAL_INVALID');
          return answer.status === 401;
        },
        { describe: `guess ${guess} to be judged` },
      );
      waits.push(performance.now() - sentAt);
      sentAt = triedAt;
    }
    const owed = [0, ...DELAYS.slice(0, -1)];
    expect(waits.map((wait, guess) => wait >= (owed[guess] ?? 0))).toEqual(owed.map(() => true));
    const refused = await whileLocked(() => read(wrong('one more')));
    expect([refused.status, refused.body.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
  });

  it('the right one waits too, there and nowhere else', async () => {
    const elsewhere = { ...running.ownerHeaders, 'x-forwarded-for': '198.51.100.7' };
    const answers = await whileLocked(async () => [await read(running.ownerHeaders), await read(elsewhere)]);
    expect(answers.map(({ status }) => status)).toEqual([429, 200]);
  });

  it('an API key does not wait, so the owner can still look, revoke and switch off', async () => {
    const owner = new OwnerClient({ baseUrl: running.url, credential: ownerKey });
    const seen = await whileLocked(async () => {
      const { status } = await read(bearer(ownerKey));
      const other = await owner.createSession({ agentId: session.agentId, supersede: false });
      await owner.revokeSession(other.id);
      const revoked = await owner.session(other.id);
      await owner.activateKillSwitch({ reason: 'drill' });
      await owner.releaseKillSwitch();
      return [status, revoked.status, (await read(running.ownerHeaders)).status];
    });
    expect(seen).toEqual([200, 'revoked', 429]);
  });

  it('/oauth/revoke answers 200 all the same, and does what its token allows', async () => {
    const useless = [wrong('guess'), running.ownerHeaders];
    const seen = await whileLocked(async () => {
      const answers = [];
      for (const headers of useless) answers.push(await revoke(superseded, headers));
      return [...answers, await statusOf()];
    });
    expect(seen).toEqual([200, 200, 'active']);
    expect(await whileLocked(() => revoke(session.token, wrong('guess')))).toBe(200);
    expect(await statusOf()).toBe('revoked');
  });
});

/** What happens while the address waits; where the machine took longer than that, once more. */
async function whileLocked<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    const end = await until(lockedUntil, { describe: 'the address to wait' });
    const answer = await work();
    if (performance.now() < end) return answer;
  }
}

/** The end of a wait of a good while, by `performance.now()`; none where the address may try. */
async function lockedUntil(): Promise<number | false> {
  const asked = performance.now();
  const { status, headers } = await read(wrong(`guess ${Math.random()}`));
  const seconds = Number(headers.get('retry-after'));
  // Whole seconds, the last of which may have just begun.
  return status === 429 && seconds >= 4 && asked + (seconds - 1) * 1000;
}
