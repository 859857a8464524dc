import { connect } from '@nats-io/transport-node';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, startProcess, startTestNats, until } from './index.js';

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

describe('createTestDatabase', () => {
  it('gives each caller a database of its own and drops it', async () => {
    const first = await createTestDatabase();
    await using second = await createTestDatabase();
    await query(first.url, 'create table mine (n int)');
    expect(await query(second.url, "select from pg_tables where tablename = 'mine'")).toHaveLength(0);
    await first[Symbol.asyncDispose]();
    expect(await query(second.url, `select from pg_database where datname = '${first.name}'`)).toHaveLength(0);
  });
});

describe('startTestNats', () => {
  it('keeps what JetStream stored through a kill and a restart', async () => {
    await using nats = await startTestNats();
    const { hostname, port, username, password } = new URL(nats.url);
    const options = { servers: `${hostname}:${port}`, user: username, pass: password };
    const before = await connect(options);
    const { jetstreamManager } = await import('@nats-io/jetstream');
    await (await jetstreamManager(before)).streams.add({ name: 'KEPT', subjects: ['kept.>'] });
    await before.close();
    await nats.kill();
    await nats.restart();
    const after = await connect(options);
    expect((await (await jetstreamManager(after)).streams.info('KEPT')).config.name).toBe('KEPT');
    await after.close();
  });
});

describe('startProcess', () => {
  it('keeps both outputs and tells how the process ended', async () => {
    const script = 'console.log("one"); console.error("two"); setInterval(() => {}, 1000)';
    await using child = await startProcess(process.execPath, { args: ['-e', script] });
    await child.waitFor(/one/);
    await child.waitFor(/two/);
    expect([child.stdout, child.stderr]).toEqual(['one\n', 'two\n']);
    expect(await child.kill()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('fails at once when the process ends without the awaited line', async () => {
    await using child = await startProcess(process.execPath, { args: ['-e', 'console.log("bye")'] });
    await expect(child.waitFor(/never/)).rejects.toThrow(/without printing[\s\S]*bye/);
  });
});

describe('until', () => {
  it('names what it waited for and what it saw last', async () => {
    await expect(until(() => false, { timeoutMs: 20, describe: 'rain' })).rejects.toThrow(/20 ms for rain.*false/);
  });
});
