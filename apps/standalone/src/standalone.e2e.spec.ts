import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { freePort, identify } from '#libs/embedded';
import { type RunningProcess, startProcess, testEnvironment, until } from '#libs/testing';

const MAIN = join(process.cwd(), 'dist', 'apps', 'standalone', 'src', 'main.js');
const READY_MS = 150_000;
// Some tests start it twice, and the machine may be busy.
jest.setTimeout(3 * READY_MS);

function dataDir(): string {
  const made = mkdtempSync(join(testEnvironment().runDir, 'standalone-'));
  // Where the tests run as root, PostgreSQL's user must pass it.
  chmodSync(made, 0o711);
  return made;
}

function start(dir: string, env: Record<string, string> = {}): Promise<RunningProcess> {
  return startProcess(process.execPath, { args: [MAIN], env: { LEDGER_DATA_DIR: dir, LEDGER_PORT: '0', ...env } });
}

async function startReady(dir: string): Promise<RunningProcess> {
  const ledger = await start(dir);
  await ledger.waitFor(/is ready/, READY_MS);
  return ledger;
}

/** Pids of the servers that this data directory's pid files name. */
function serverPids(dir: string): number[] {
  const postgres = readFileSync(join(dir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0];
  const nats = readFileSync(join(dir, 'nats', 'run', 'nats-server.pid'), 'utf8');
  return [postgres, nats].map(Number);
}

/** A check has two seconds to answer, which a busy machine may not give it at the first look. */
async function untilWell(dir: string): Promise<void> {
  const { baseUrl } = JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')) as { baseUrl: string };
  await until(async () => (await fetch(`${baseUrl}/health/ready`)).status === 200, {
    describe: 'a ledger that is well',
  });
}

async function request(dir: string, method: string, path: string, body?: unknown): Promise<Response> {
  const { baseUrl } = JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')) as { baseUrl: string };
  const headers = {
    'x-master-password': readFileSync(join(dir, 'owner-key'), 'utf8').trim(),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  return fetch(baseUrl + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

/** Asked again where the answer was lost. */
async function registerAgent(dir: string, name: string): Promise<boolean> {
  const { status } = await request(dir, 'POST', '/v1/agents', { name });
  return status === 201 || status === 409;
}

async function audited(dir: string): Promise<unknown[]> {
  const { items } = (await (await request(dir, 'GET', '/v1/audit?type=AgentRegistered')).json()) as {
    items: unknown[];
  };
  return items;
}

describe('the standalone', () => {
  it('prints what a newcomer needs, keeps secrets to itself, and stops every child on SIGTERM', async () => {
    const dir = dataDir();
    await using ledger = await startReady(dir);
    await untilWell(dir);
    const key = readFileSync(join(dir, 'owner-key'), 'utf8').trim();
    expect(ledger.output).toContain(join(dir, 'owner-key'));
    expect(ledger.output).toMatch(/http:\/\/127\.0\.0\.1:\d+[\s\S]*sledger mcp setup[\s\S]*Ctrl-C/);
    const log = readFileSync(join(dir, 'logs', 'session-ledger.log'), 'utf8');
    for (const secret of [
      key,
      ...['postgres', 'nats'].map((name) => readFileSync(join(dir, name, 'password'), 'utf8').trim()),
    ]) {
      expect(ledger.output + log + readFileSync(join(dir, 'server.json'), 'utf8')).not.toContain(secret);
    }
    expect(statSync(join(dir, 'owner-key')).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o711);

    const pids = serverPids(dir);
    expect(await ledger.stop()).toEqual({ code: 0, signal: null });
    expect(pids.map(identify)).toEqual([undefined, undefined]);
    expect(existsSync(join(dir, 'server.json'))).toBe(false);
  });

  it('takes over what a kill -9 left, with the same keys', async () => {
    const dir = dataDir();
    await using first = await startReady(dir);
    const [key, left] = [readFileSync(join(dir, 'owner-key'), 'utf8'), serverPids(dir)];
    await first.kill();
    expect(left.map((pid) => identify(pid) !== undefined)).toEqual([true, true]);

    await using _second = await startReady(dir);
    expect(left.map(identify)).toEqual([undefined, undefined]);
    expect(readFileSync(join(dir, 'owner-key'), 'utf8')).toBe(key);
    await untilWell(dir);
  });

  it('starts a killed PostgreSQL and a killed nats-server again, and goes on', async () => {
    const dir = dataDir();
    await using _ledger = await startReady(dir);
    await until(() => registerAgent(dir, 'before'), { describe: 'a change that is accepted' });
    const killed = serverPids(dir);
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    await until(() => serverPids(dir).every((pid) => !killed.includes(pid) && identify(pid)), {
      timeoutMs: READY_MS,
      describe: 'two new servers',
    });
    await until(() => registerAgent(dir, 'after'), { timeoutMs: READY_MS, describe: 'a change that is accepted' });
    await until(async () => (await audited(dir)).length === 2, {
      timeoutMs: READY_MS,
      describe: 'both events in the audit search',
    });
  });

  it('stops when the bootstrap that started it is killed', async () => {
    const dir = dataDir();
    const env = { LEDGER_DATA_DIR: dir, LEDGER_PORT: '0' };
    await using bootstrap = await startProcess(process.execPath, { args: ['tools/run.mjs', 'start'], env });
    await bootstrap.waitFor(/is ready/, READY_MS);
    const { pid } = JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')) as { pid: number };
    bootstrap.signal('SIGKILL');
    // The output stays open as long as the orphan lives.
    await bootstrap.exited;
    // It closes its output a moment before it is gone.
    await until(() => identify(pid) === undefined, { describe: 'the process to be gone' });
  });

  it('stops its servers also when nobody reads what it says any more', async () => {
    const dir = dataDir();
    const env = { ...process.env, LEDGER_DATA_DIR: dir, LEDGER_PORT: '0' };
    const ledger = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    await until(() => existsSync(join(dir, 'server.json')), { timeoutMs: READY_MS, describe: 'the start' });
    const pids = serverPids(dir);
    // As `| tee` that Ctrl-C has ended.
    ledger.stdout.destroy();
    ledger.stderr.destroy();
    const exited = once(ledger, 'exit');
    ledger.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(pids.map(identify)).toEqual([undefined, undefined]);
  });

  it('keeps accepting its tokens after a start on another port', async () => {
    const dir = dataDir();
    await using first = await start(dir, { LEDGER_PORT: String(await freePort()) });
    await first.waitFor(/is ready/, READY_MS);
    const { id } = (await (await request(dir, 'POST', '/v1/agents', { name: 'trader' })).json()) as { id: string };
    const { token } = (await (await request(dir, 'POST', '/v1/sessions', { agentId: id })).json()) as { token: string };
    await first.stop();
    await using second = await start(dir, { LEDGER_PORT: String(await freePort()) });
    await second.waitFor(/is ready/, READY_MS);
    const { baseUrl } = JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')) as { baseUrl: string };
    const answer = await fetch(`${baseUrl}/v1/session`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
  });

  it('stops while it waits for a server that does not answer', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const asked = once(silent, 'connection');
    const dir = dataDir();
    await using ledger = await start(dir, { NATS_URL: `nats://127.0.0.1:${(silent.address() as AddressInfo).port}` });
    const [socket] = (await asked) as [Socket];
    const postgres = Number(readFileSync(join(dir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
    expect(await ledger.stop()).toEqual({ code: 0, signal: null });
    expect(identify(postgres)).toBeUndefined();
    socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('goes on when its log cannot be written, and says so', async () => {
    const dir = dataDir();
    mkdirSync(join(dir, 'logs'));
    symlinkSync('/dev/full', join(dir, 'logs', 'session-ledger.log'));
    await using ledger = await startReady(dir);
    await ledger.waitFor(/the log .*session-ledger\.log cannot be written: ENOSPC/);
    await untilWell(dir);
  });

  it('refuses a second instance on the same data directory and says where the first one is', async () => {
    const dir = dataDir();
    await using first = await startReady(dir);
    await using second = await start(dir);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(
      new RegExp(`already running on ${dir}.*process ${first.pid}.*http://127.0.0.1.*LEDGER_DATA_DIR`),
    );
    await untilWell(dir);
  });

  it('makes its data directory for its owner alone; says that its port is in use, and how to choose another', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const dir = join(dataDir(), 'new');
    await using ledger = await start(dir, { LEDGER_PORT: String(port) });
    expect((await ledger.exited).code).toBe(1);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(ledger.stderr).toMatch(new RegExp(`Port ${port} on 127.0.0.1 is in use.*LEDGER_PORT=0`));
    await new Promise((resolve) => other.close(resolve));
  });

  it('says that its data directory cannot be used, and how to choose another', async () => {
    const file = join(dataDir(), 'file');
    writeFileSync(file, '');
    await using ledger = await start(file);
    expect((await ledger.exited).code).toBe(1);
    expect(ledger.stderr).toMatch(/data directory .* cannot be used: there is a file of that name.*LEDGER_DATA_DIR/);
  });

  it('names the ways out when there is no nats-server to be had', async () => {
    // A path without nats-server, a cache that cannot be written, and apt sources that lead nowhere.
    const home = dataDir();
    mkdirSync(join(home, '.cache'));
    writeFileSync(join(home, '.cache', 'session-ledger'), 'not a directory');
    writeFileSync(join(home, 'apt.conf'), `Dir::Etc::sourcelist "${home}/none"; Dir::Etc::sourceparts "${home}/none";`);
    const env = {
      HOME: home,
      APT_CONFIG: join(home, 'apt.conf'),
      PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    };
    await using ledger = await start(dataDir(), env);
    expect((await ledger.exited).code).toBe(1);
    expect(ledger.stderr).toMatch(/No nats-server.*apt-get install nats-server.*NATS_URL/);
  });

  it('lists every wrong key of the configuration at once', async () => {
    await using ledger = await start(dataDir(), { LEDGER_PORT: 'x', LEDGER_LOG_LEVEL: 'loud' });
    expect((await ledger.exited).code).toBe(1);
    expect(ledger.stderr).toMatch(/LEDGER_PORT[\s\S]*LEDGER_LOG_LEVEL[\s\S]*\.env\.example/);
  });
});
