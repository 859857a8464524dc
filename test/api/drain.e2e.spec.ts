import { mkdtempSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, startProcess, startTestNats, until } from '#libs/testing';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'apps', 'api', 'src', 'main.js');

/** Status of one request over a kept connection; what the connection itself does wrong is a code. */
function get(url: string, agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    const call = request(url, { agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    call.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error')).end();
  });
}

describe('SIGTERM', () => {
  it('lets every accepted request end well: no 5xx, also for one that waits for the database', async () => {
    await using database = await createTestDatabase();
    await using nats = await startTestNats();
    await using api = await startProcess(process.execPath, {
      args: [MAIN],
      env: {
        LEDGER_DATA_DIR: mkdtempSync(join(tmpdir(), 'drain-')),
        DATABASE_URL: database.url,
        NATS_URL: nats.url,
        LEDGER_PORT: '0',
        LEDGER_RATE_LIMIT: '0',
        LEDGER_ADDRESS_RATE_LIMIT: '0',
      },
    });
    const url = (await api.waitFor(/"url":"(http:[^"]+)"[^\n]*api is ready/))[1] as string;

    // A request that waits: its query needs a lock that somebody else holds.
    const blocker = new pg.Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('begin; lock table ledger.signing_key in access exclusive mode');
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const jwks = `${url}/.well-known/jwks.json`;
    const waiting: Promise<number | string>[] = [];
    const isWaiting = async () => {
      waiting.push(get(jwks, agent));
      const { rows } = await blocker.query<{ waits: number }>(
        `select count(*)::int as waits from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      );
      return (rows[0]?.waits ?? 0) > 0;
    };
    await until(isWaiting, { timeoutMs: 20_000, describe: 'a request to wait in the database' });

    api.signal('SIGTERM');
    await api.waitFor(/stopping api/);
    await blocker.query('rollback');
    await blocker.end();
    const answers = await Promise.all(waiting);
    expect(await api.exited).toEqual({ code: 0, signal: null });
    agent.destroy();
    expect(answers.filter((answer) => answer === 200).length).toBeGreaterThan(0);
    expect(answers.filter((answer) => typeof answer === 'number' && answer >= 500)).toEqual([]);
  });
});
