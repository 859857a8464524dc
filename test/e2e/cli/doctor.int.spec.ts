import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { CliFixture } from './cli-fixture.js';

let fixture: CliFixture;
let sessionId: string;
let holderId: string;

beforeAll(async () => {
  fixture = await CliFixture.open();
  await fixture.json('agent', 'add', 'desk');
  await fixture.json('channel', 'add', 'webhook', 'ops', '--url', 'http://127.0.0.1:9/hook');
});
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(async () => {
  rmSync(data('mcp-token'), { force: true });
  fixture.announce();
  ({ sessionId, holderId } = await fixture.json<{ sessionId: string; holderId: string }>(
    'mcp',
    'setup',
    '--agent',
    'desk',
    '--write',
  ));
  await until(async () => (await doctor()).exit === 0, { describe: 'a setup that works' });
});
afterEach(() => chmodSync(data('owner-key'), 0o600));

const data = (name: string) => join(fixture.home.dataDir, name);
const hostConfig = () => join(fixture.home.home, '.config', 'Claude', 'claude_desktop_config.json');

interface Finding {
  check: string;
  status: 'ok' | 'warning' | 'failed' | 'skipped';
  summary: string;
  remedy?: string;
  fixable: boolean;
}

async function doctor(
  ...options: string[]
): Promise<{ exit: number; findings: Finding[]; fixed: string[]; red: Finding[] }> {
  const run = await fixture.run('doctor', '--output', 'json', ...options);
  const { findings, fixed } = run.json as { findings: Finding[]; fixed: string[] };
  return { exit: run.exit, findings, fixed, red: findings.filter(({ status }) => status === 'failed') };
}

/** Runs something in the place of the server, under its address. */
async function inPlaceOfServer<T>(
  answer: (url: string) => { status: number; body: string; date?: string },
  work: (url: string) => Promise<T>,
): Promise<T> {
  const server = createServer((request, response) => {
    const { status, body, date } = answer(request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json', ...(date && { date }) }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('doctor', () => {
  it('finds nothing wrong where nothing is', async () => {
    // Transactions of other tests may hold up the log's end for a while, and a machine that stood still seems to have a wrong clock.
    const { stdout, exit } = await until(
      async () => {
        const run = await fixture.run('doctor');
        if (run.stdout.endsWith('All is well.\n')) return run;
        throw new Error(run.stdout);
      },
      { describe: 'a doctor that is content' },
    );
    expect(exit).toBe(0);
    expect(stdout).toMatch(/A ledger answers at/);
    expect(stdout).toMatch(/All is well\.\n$/);
    expect(stdout).not.toContain(readFileSync(data('owner-key'), 'utf8').trim());
  });

  it('1. the server is gone', async () => {
    const child = await import('node:child_process').then(({ spawnSync }) => spawnSync(process.execPath, ['-e', '0']));
    writeFileSync(data('server.json'), JSON.stringify({ baseUrl: 'http://127.0.0.1:1', pid: child.pid }));
    const { exit, red } = await doctor();
    expect(exit).toBe(1);
    expect(red[0]).toMatchObject({ check: 'server', remedy: 'Start it: `sledger start`.', fixable: true });
    expect(red[0]?.summary).toMatch(/server is not running: .*server.json names process \d+, which is gone/);
  });

  it('2. something else answers at the address', async () => {
    await inPlaceOfServer(
      () => ({ status: 200, body: 'hello' }),
      async (url) => {
        const { red } = await doctor('--base-url', url);
        expect(red[0]?.summary).toMatch(/No ledger answers at .*: something else answers there/);
      },
    );
  });

  it('3. the database is down', async () => {
    const body = JSON.stringify({
      status: 'unavailable',
      checks: { database: { status: 'failed', reason: 'connect ECONNREFUSED' } },
    });
    await inPlaceOfServer(
      () => ({ status: 503, body }),
      async (url) => {
        const { red } = await doctor('--base-url', url);
        expect(red[0]?.summary).toBe('The server reports: database is not well (connect ECONNREFUSED).');
        expect(red[0]?.remedy).toMatch(/PostgreSQL runs and DATABASE_URL/);
      },
    );
  });

  it('4. this machine’s clock is wrong', async () => {
    const date = () => new Date(Date.now() + 600_000).toUTCString();
    await inPlaceOfServer(
      () => ({ status: 200, body: '{"checks":{}}', date: date() }),
      async (url) => {
        const { red } = await doctor('--base-url', url);
        expect(red.find(({ check }) => check === 'clock')?.summary).toMatch(
          /clock is (9 m 5\d s|10 m.*) behind the server’s: proofs/,
        );
      },
    );
  });

  it('5. the owner credential is another server’s', async () => {
    const path = join(fixture.home.home, 'wrong-key');
    writeFileSync(path, 'wrong', { mode: 0o600 });
    const run = await fixture.home.runWith({ env: { LEDGER_OWNER_KEY_FILE: path } }, 'doctor');
    expect(run.exit).toBe(1);
    expect(run.stdout).toMatch(/refuses the owner credential in .*wrong-key\./);
    expect(run.stdout).toMatch(/owner-key reset/);
  });

  it('6. others can read the token file; --fix mends it', async () => {
    chmodSync(data('mcp-token'), 0o644);
    const { red } = await doctor();
    expect(red[0]).toMatchObject({ check: 'token-file', fixable: true });
    expect(red[0]?.summary).toMatch(/permissions are 0644/);
    const fixed = await doctor('--fix');
    expect(fixed).toMatchObject({ exit: 0, fixed: [`set ${data('mcp-token')} to mode 0600`] });
    expect(statSync(data('mcp-token')).mode & 0o777).toBe(0o600);
  });

  it('7. the token file is a link', async () => {
    rmSync(data('mcp-token'));
    symlinkSync('/etc/hostname', data('mcp-token'));
    const { red } = await doctor();
    expect(red[0]?.summary).toMatch(/token file is refused: .*symlink/);
    expect(red[0]?.fixable).toBe(false);
  });

  it('8. the session was revoked', async () => {
    await fixture.run('session', 'revoke', sessionId);
    const { red } = await doctor();
    expect(red[0]?.summary).toBe(`Session ${sessionId} was revoked.`);
    expect(red[0]?.remedy).toContain(`sledger explain ${sessionId}`);
  });

  it('9. the file has an old generation', async () => {
    await fixture.run('session', 'rotate', sessionId);
    const { red } = await doctor();
    expect(red[0]?.summary).toBe('The file has generation 0, the current one is 1: this token is refused.');
  });

  it('10. the token is signed with a key that the server does not have', async () => {
    const [, claims, signature] = readFileSync(data('mcp-token'), 'utf8').split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: 'another-key' })).toString('base64url');
    writeFileSync(data('mcp-token'), `sl_sess_${header}.${claims}.${signature}`, { mode: 0o600 });
    const { red } = await doctor();
    expect(red[0]?.check).toBe('keys');
    expect(red[0]?.summary).toMatch(/a key that this server does not have \(its keys: [0-9a-f]{16}\)/);
  });

  it('11. the holder was removed', async () => {
    await fixture.run('holder', 'remove', holderId);
    const { red } = await doctor();
    expect(red.map(({ summary }) => summary)).toContain(
      `The server does not know holder ${holderId} of this installation.`,
    );
  });

  it('12. the host starts something that is not there, or holds a secret', async () => {
    const config = JSON.parse(readFileSync(hostConfig(), 'utf8')) as {
      mcpServers: Record<string, { command: string }>;
    };
    config.mcpServers['session-ledger'] = { command: '/opt/gone/node' };
    writeFileSync(hostConfig(), JSON.stringify({ ...config, note: 'sl_sess_eyJhbGciOi.x.y' }));
    const { red } = await doctor();
    expect(red.map(({ summary }) => summary)).toEqual([
      `There is a token or key in ${hostConfig()}.`,
      'The entry of Claude Desktop is wrong: /opt/gone/node is not there.',
    ]);
    mkdirSync(dirname(hostConfig()), { recursive: true });
    writeFileSync(hostConfig(), '{}');
  });

  it('13. nobody would be told', async () => {
    const { items } = await fixture.json<{ items: { id: string }[] }>('channel', 'list');
    const headers = {
      'x-master-password': readFileSync(data('owner-key'), 'utf8').trim(),
      'content-type': 'application/json',
    };
    const change = (enabled: boolean) =>
      fetch(`${fixture.url}/v1/channels/${items[0]?.id}`, {
        method: 'PATCH',
        headers,
        body: JSON.stringify({ enabled }),
      });
    expect((await change(false)).status).toBe(200);
    const { red } = await doctor();
    expect(red[0]?.summary).toMatch(/No channel is enabled/);
    await change(true);
  });

  it('14. the owner credential is open to others; --fix closes it', async () => {
    chmodSync(data('owner-key'), 0o644);
    expect((await doctor()).red[0]?.summary).toMatch(/owner-key has mode 0644/);
    expect((await doctor('--fix')).exit).toBe(0);
    expect(statSync(data('owner-key')).mode & 0o777).toBe(0o600);
  });
});
