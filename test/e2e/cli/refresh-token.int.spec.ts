import { chmodSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { startApi } from '../../../apps/api/src/start-api.js';
import type { HolderView, SessionView } from '#libs/contracts';
import { loadConfig } from '#libs/platform';
import { CliFixture } from './cli-fixture.js';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await CliFixture.open();
  await fixture.json('agent', 'add', 'desk');
});
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(() => rmSync(tokenFile(), { force: true }));

interface Refresh {
  oldSessionId: string;
  newSessionId: string;
  expiresAt: string;
  tokenFile: string;
  warning?: string;
}

const tokenFile = () => join(fixture.home.dataDir, 'mcp-token');
const sidInFile = () => decodeJwt(readFileSync(tokenFile(), 'utf8').replace('sl_sess_', '')).sid;
const sessionOf = async (id: string) => (await fixture.json<{ session: SessionView }>('session', 'show', id)).session;
const setup = (...args: string[]) =>
  fixture.json<{ sessionId: string; holderId: string }>('mcp', 'setup', '--agent', 'desk', ...args);

describe('mcp refresh-token', () => {
  it('creates, writes, revokes: constraints are inherited, renewals begin again, the holder moves', async () => {
    const before = await setup('--expires-in', '12h', '--max-renewals', '5', '--allowed-ops', 'read');
    const result = await fixture.json<Refresh>('mcp', 'refresh-token');
    expect(result).toMatchObject({ oldSessionId: before.sessionId, tokenFile: tokenFile() });
    expect(result).not.toHaveProperty('warning');
    expect(sidInFile()).toBe(result.newSessionId);
    const [old, fresh] = [await sessionOf(result.oldSessionId), await sessionOf(result.newSessionId)];
    expect([old.status, fresh.status]).toEqual(['revoked', 'active']);
    expect(fresh).toMatchObject({
      expiresIn: 43_200,
      maxRenewals: 5,
      renewalCount: 0,
      constraints: { allowedOperations: ['read'] },
    });
    const { items } = await fixture.json<{ items: HolderView[] }>('holder', 'list', '--session', result.newSessionId);
    expect(items.map(({ id }) => id)).toEqual([before.holderId]);
  });

  it('works for a session that has ended already', async () => {
    const { sessionId } = await setup();
    await fixture.run('session', 'revoke', sessionId);
    const result = await fixture.json<Refresh>('mcp', 'refresh-token');
    expect((await sessionOf(result.newSessionId)).status).toBe('active');
  });

  it('leaves the old session alive when the file cannot be written, and ends the new one', async () => {
    const { sessionId } = await setup();
    const proxy = await Proxy.before(fixture.url, ({ method, url, after }) => {
      // The file becomes a symlink between the new session and its writing.
      if (method === 'POST' && url === '/v1/sessions') after(() => replaceBySymlink());
      return undefined;
    });
    const run = await fixture.run('mcp', 'refresh-token', '--base-url', proxy.url);
    await proxy.close();
    expect(run).toMatchObject({ exit: 1, stdout: '' });
    expect(run.stderr).toMatch(
      new RegExp(`token file could not be written: .*symlink.*session ${sessionId} lives on, nothing has changed`),
    );
    expect((await sessionOf(sessionId)).status).toBe('active');
    const { items } = await fixture.json<{ items: SessionView[] }>('session', 'list');
    expect(items.map(({ id }) => id)).toEqual([sessionId]);
  });

  it('says what to do when the server no longer allows the old limits, and changes nothing', async () => {
    const { sessionId } = await setup();
    const before = readFileSync(tokenFile(), 'utf8');
    const config = loadConfig({ ...fixture.environment, LEDGER_ABSOLUTE_LIFETIME: '86400' });
    const stricter = await startApi({ config, logger: fixture.logger });
    const run = await fixture.run('mcp', 'refresh-token', '--base-url', stricter.url ?? '');
    await stricter.close();
    expect(run).toMatchObject({ exit: 1, stdout: '' });
    expect(run.stderr).toMatch(
      new RegExp(`no longer accepts the limits of session ${sessionId}.*86400.*mcp setup`, 's'),
    );
    expect(readFileSync(tokenFile(), 'utf8')).toBe(before);
    expect((await sessionOf(sessionId)).status).toBe('active');
  });

  it('warns and succeeds when the old session cannot be revoked', async () => {
    const { sessionId } = await setup();
    const proxy = await Proxy.before(fixture.url, ({ method }) => (method === 'DELETE' ? 503 : undefined));
    const run = await fixture.run('mcp', 'refresh-token', '--base-url', proxy.url, '--output', 'json');
    await proxy.close();
    expect(run.exit).toBe(0);
    const result = run.json as Refresh;
    expect(result.warning).toMatch(new RegExp(`${sessionId}.*could not be revoked`));
    expect(sidInFile()).toBe(result.newSessionId);
    expect((await sessionOf(sessionId)).status).toBe('active');
  });

  it.each([
    ['there is none', () => undefined, /there is no token file at .*mcp setup/],
    [
      'others can read it',
      () => (writeFileSync(tokenFile(), 'sl_sess_a.b.c'), chmodSync(tokenFile(), 0o644)),
      /refused: .*permissions are 0644/,
    ],
    ['it is a symlink', () => replaceBySymlink(), /refused: .*symlink/],
    ['it is no token', () => writeFileSync(tokenFile(), 'hello', { mode: 0o600 }), /refused: .*no token/],
    [
      'it is of another server',
      () => writeFileSync(tokenFile(), foreignToken(), { mode: 0o600 }),
      /does not know session 0197c2aa/,
    ],
  ])('refuses a token file when %s', async (_name, prepare, message) => {
    prepare();
    const run = await fixture.run('mcp', 'refresh-token');
    expect(run).toMatchObject({ exit: 1, stdout: '' });
    expect(run.stderr).toMatch(message);
  });
});

function replaceBySymlink(): void {
  rmSync(tokenFile(), { force: true });
  symlinkSync(join(fixture.home.home, 'elsewhere'), tokenFile());
}

function foreignToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'http://x', sid: '0197c2aa-0000-7000-8000-000000000001', sub: 'a', gen: 0, iat: 1, exp: 2 };
  return `sl_sess_${part({ alg: 'EdDSA' })}.${part(claims)}.c2ln`;
}

type Judge = (call: { method: string; url: string; after: (work: () => void) => void }) => number | undefined;

/** Stands between sledger and the server; refuses with a status, or passes on and then does something. */
class Proxy {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(target: string, judge: Judge): Promise<Proxy> {
    const server = createServer((incoming, answer) => {
      let work = () => {};
      const { method = '', url = '' } = incoming;
      const status = judge({ method, url, after: (given) => (work = given) });
      if (status !== undefined) {
        answer.writeHead(status, { 'content-type': 'text/plain' }).end('not now');
        return;
      }
      const outgoing = request(target + url, { method, headers: incoming.headers }, (response) => {
        work();
        answer.writeHead(response.statusCode ?? 500, response.headers);
        response.pipe(answer);
      });
      incoming.pipe(outgoing);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Proxy(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
