import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSession } from '#libs/client';
import { startProcess, until } from '#libs/testing';
import { newDataDir, RunningLedger } from '../../test/scenarios/running-ledger.js';

const HERE = import.meta.dirname;

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

describe('a session in any program', () => {
  it('is what the example shows: calls go on over a rotation, and the program ends cleanly', async () => {
    const { dataDir, session } = await ledger.install({ expiresIn: 600 });
    await using example = await startProcess(process.execPath, {
      args: [join(HERE, 'example.mjs'), dataDir, ledger.baseUrl],
    });
    await example.waitFor(/"status":200,"state":"active","generation":0/);
    await ledger.owner.rotateSession(session.id);
    example.child.stdin.write('again\n');
    await example.waitFor(/"status":200,"state":"active","generation":1/);
    example.child.stdin.end();
    expect(await example.exited).toEqual({ code: 0, signal: null });
    expect(example.stdout).not.toMatch(/"status":(?!200)/);
    expect(example.output).not.toMatch(/sl_sess_|eyJ/);
  });

  it('documents no name that does not exist', async () => {
    const readme = readFileSync(join(HERE, 'README.md'), 'utf8');
    const { dataDir } = await ledger.install({ expiresIn: 600 });
    const session = createSession({ dataDir, baseUrl: ledger.baseUrl });
    try {
      for (const [, name = ''] of readme.matchAll(/session\.(\w+)\(/g)) expect(session).toHaveProperty(name);
    } finally {
      await session.dispose();
    }
  });

  it('retries a refused call of another server once with a newer token, and gives the 401 where there is none', async () => {
    const { dataDir, session } = await ledger.install({ expiresIn: 600 });
    const seen: string[] = [];
    // The rotation comes while the first call is under way: it was sent with the old token, however fast the news is.
    const other = createServer((request, response) => {
      const answer = (status: number) => response.writeHead(status).end();
      const isFirst = seen.push(request.headers.authorization ?? '') === 1;
      if (isFirst) {
        ledger.owner.rotateSession(session.id).then(
          () => answer(401),
          () => answer(500),
        );
      } else answer(200);
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    await using kept = createSession({ dataDir, baseUrl: ledger.baseUrl });
    try {
      // Or the revocation below could come between the first look at the session and the opening of the stream.
      await until(() => kept.getState().updates === 'connected', { describe: 'the stream of updates' });
      expect((await kept.fetch(url)).status).toBe(200);
      expect(new Set(seen).size).toBe(2);
      expect(seen).toHaveLength(2);
      await ledger.owner.revokeSession(session.id);
      await until(() => kept.getState().state === 'expired', { describe: 'the revocation' });
      expect(kept.getToken()).toBeNull();
    } finally {
      other.closeAllConnections();
      other.close();
    }
  });

  it('starts with nothing and takes what comes', async () => {
    const dataDir = newDataDir();
    await using kept = createSession({ dataDir, baseUrl: ledger.baseUrl });
    expect([kept.getToken(), kept.getState().state]).toEqual([null, 'expired']);
    const { session } = await ledger.install({ expiresIn: 600 }, { dataDir });
    await until(() => kept.getToken() !== null, { describe: 'the token' });
    expect(kept.getState()).toMatchObject({ state: 'active', sessionId: session.id });
  });
});
