import { chmodSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Msg } from '@nats-io/transport-node';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startProcess, testEnvironment, until } from '#libs/testing';
import {
  EmbeddedNats,
  EmbeddedPostgres,
  findNatsServer,
  identify,
  InstanceLock,
  LEDGER_DATABASE,
  runningPostgresUrl,
  Supervised,
} from './index.js';

function folder(): string {
  const made = mkdtempSync(join(testEnvironment().runDir, 'embedded-'));
  // As root, PostgreSQL's user must pass it.
  chmodSync(made, 0o711);
  return made;
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  // A server that is killed under a connection says so here.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

function startPostgres(dataDir: string, port?: number): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({ dataDir, database: 'kept', port });
}

function startNats(dataDir: string, port?: number): Promise<EmbeddedNats> {
  return EmbeddedNats.start({ dataDir, port, cacheDir: testEnvironment().cacheDir });
}

/** Starts a server in a process of its own that is then killed, and answers what it printed. */
async function abandon(code: string): Promise<string[]> {
  const script = `import * as embedded from '#libs/embedded'; ${code}; setInterval(() => {}, 1000);`;
  await using parent = await startProcess(process.execPath, {
    args: ['--input-type=module', '-e', script],
    showsSecrets: 'a server of its own',
  });
  const [, line = ''] = await parent.waitFor(/^started (.*)$/m);
  await parent.kill();
  return line.split(' ');
}

describe('EmbeddedPostgres', () => {
  it('is found by another program of ours while it runs', async () => {
    const dataDir = folder();
    expect(runningPostgresUrl(dataDir)).toBeNull();
    const server = await EmbeddedPostgres.start({ dataDir, database: LEDGER_DATABASE });
    expect(runningPostgresUrl(dataDir)).toBe(server.url);
    await server.stop();
    expect(runningPostgresUrl(dataDir)).toBeNull();
  });

  it('keeps its data over a stop, wants the generated password, and runs with full durability', async () => {
    const dataDir = folder();
    const first = await startPostgres(dataDir);
    await query(first.url, 'create table note as select 42 as n');
    await first.stop();

    await using second = await startPostgres(dataDir);
    expect(await query(second.url, 'select n from note')).toEqual([{ n: 42 }]);
    expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600);
    const wrong = new URL(second.url);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
    expect(await query(second.url, "select setting from pg_settings where name = 'fsync'")).toEqual([
      { setting: 'on' },
    ]);
  });

  it('takes over what a killed parent left, without losing what was committed', async () => {
    const dataDir = folder();
    const [pid, url = ''] = await abandon(
      `const server = await embedded.EmbeddedPostgres.start({ dataDir: '${dataDir}', database: 'kept' });` +
        "console.log('started', server.pid, server.url)",
    );
    await query(url, 'create table note as select 42 as n');

    await using next = await startPostgres(dataDir);
    expect(next.pid).not.toBe(Number(pid));
    expect(identify(Number(pid))).toBeUndefined();
    expect(await query(next.url, 'select n from note')).toEqual([{ n: 42 }]);
  });

  it('leaves a process alone whose pid an old pid file names', async () => {
    const dataDir = folder();
    const server = await startPostgres(dataDir);
    await server.stop();
    await using stranger = await startProcess('sleep', { args: ['3600'] });
    writeFileSync(join(server.cluster, 'postmaster.pid'), `${stranger.pid}\n${server.cluster}\n`);

    await using next = await startPostgres(dataDir);
    expect(await query(next.url, 'select 1 as n')).toEqual([{ n: 1 }]);
    expect(stranger.exit).toBeUndefined();
  });
});

describe('EmbeddedNats', () => {
  it('takes over what a killed parent left', async () => {
    const dataDir = folder();
    const [pid] = await abandon(
      `const server = await embedded.EmbeddedNats.start({ dataDir: '${dataDir}', cacheDir: '${testEnvironment().cacheDir}' });` +
        "console.log('started', server.pid)",
    );
    await using next = await startNats(dataDir);
    expect(next.pid).not.toBe(Number(pid));
    expect(identify(Number(pid))).toBeUndefined();
  });

  it('refuses a stranger, and lets a desktop hear its agent and nothing else', async () => {
    await using server = await startNats(folder());
    const servers = server.address;
    await expect(connect({ servers, reconnect: false })).rejects.toThrow(/authorization/i);

    server.setUsers([{ user: 'desk', password: 'desk-password', subscribe: ['ledger.v1.*.agent-1.>', '_INBOX.>'] }]);
    const desk = await until(() => connect({ servers, user: 'desk', pass: 'desk-password', reconnect: false }), {
      describe: 'the new user to be let in',
    });
    const errors: string[] = [];
    void (async () => {
      for await (const status of desk.status()) if (status.type === 'error') errors.push(status.error.message);
    })();
    const heard: string[] = [];
    const callback = (error: Error | null, message: Msg): void => {
      if (!error) heard.push(message.subject);
    };
    desk.subscribe('ledger.v1.*.agent-1.>', { callback });
    desk.subscribe('ledger.v1.*.agent-2.>', { callback });
    desk.publish('ledger.v1.main.agent-1.s.renewed');
    await desk.flush();

    const { username, password } = new URL(server.url);
    const service = await connect({ servers, user: username, pass: password });
    for (const agent of ['agent-2', 'agent-1']) service.publish(`ledger.v1.main.${agent}.s.renewed`);
    await service.flush();
    await until(() => heard.length > 0, { describe: 'the message for agent-1' });
    expect(heard).toEqual(['ledger.v1.main.agent-1.s.renewed']);
    await until(() => errors.length === 2, { describe: 'both refusals' });
    expect(errors.join('\n')).toMatch(
      /Subscription to "ledger\.v1\.\*\.agent-2[\s\S]*Publish to "ledger\.v1\.main\.agent-1/,
    );
    await Promise.all([desk.close(), service.close()]);
  });

  it('is taken from wherever PATH has it, whatever PATH the server itself is given', async () => {
    const elsewhere = folder();
    const real = await findNatsServer({ cacheDir: testEnvironment().cacheDir });
    symlinkSync(real, join(elsewhere, 'nats-server'));
    const script = `import { EmbeddedNats } from '#libs/embedded';
      const server = await EmbeddedNats.start({ dataDir: '${folder()}', cacheDir: '${folder()}' });
      console.log('runs with pid', server.pid);
      await server.stop();`;
    await using start = await startProcess(process.execPath, {
      args: ['--input-type=module', '-e', script],
      env: { PATH: elsewhere },
    });
    await start.exited;
    expect(start.output).toMatch(/runs with pid \d+/);
  });

  it('says where to get nats-server when there is none', async () => {
    const script = `import { findNatsServer } from '#libs/embedded';
      await findNatsServer({ cacheDir: '${folder()}', fetch: () => Promise.reject(new Error('no network')) })
        .catch((error) => console.log(error.message));`;
    await using lonely = await startProcess(process.execPath, {
      args: ['--input-type=module', '-e', script],
      env: { PATH: '' },
    });
    await lonely.exited;
    expect(lonely.stdout).toMatch(/No nats-server.*no network.*apt-get install nats-server.*NATS_URL/s);
  });
});

describe('Supervised', () => {
  it('starts a killed server again on its port', async () => {
    const dataDir = folder();
    await using nats = await Supervised.start({ name: 'NATS', launch: (port) => startNats(dataDir, port) });
    const { pid, port } = nats.current;
    process.kill(pid, 'SIGKILL');
    await until(() => nats.current.pid !== pid, { describe: 'a new process' });
    expect(nats.current.port).toBe(port);
  });
});

describe('InstanceLock', () => {
  it('is held by one living process, and taken over from a dead one', async () => {
    const path = join(folder(), 'instance.lock');
    const script = `import { InstanceLock } from '#libs/embedded'; InstanceLock.acquire('${path}');
      console.log('started'); setInterval(() => {}, 1000);`;
    await using holder = await startProcess(process.execPath, { args: ['--input-type=module', '-e', script] });
    await holder.waitFor(/started/);
    expect(() => InstanceLock.acquire(path)).toThrow(`in use by process ${holder.pid}`);

    await holder.kill();
    using _lock = InstanceLock.acquire(path);
    expect(readFileSync(path, 'utf8')).toContain(String(process.pid));
  });

  it('is not fooled by a pid that belongs to somebody else now', () => {
    const path = join(folder(), 'instance.lock');
    writeFileSync(path, JSON.stringify({ pid: process.pid, startedAt: 'another boot' }));
    using _lock = InstanceLock.acquire(path);
    expect(() => InstanceLock.acquire(path)).toThrow('in use');
  });
});
