/** One PostgreSQL for the whole run, and a folder that every server of the run keeps its files in. */
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { chooseNatsServer } from './chosen-nats.mjs';
import { compileEmbedded } from './compile-embedded.mjs';
import { keepTemporaryFilesIn, OWNER_FILE, RUN_PREFIX, sweepDeadRuns } from './run-folder.mjs';

// Every spec opens pools of its own.
const SETTINGS = { max_connections: '400' };

export default async function globalSetup() {
  compileEmbedded();
  const { EmbeddedPostgres, findNatsServer } = await import('#libs/embedded');
  await sweepDeadRuns();

  const runDir = mkdtempSync(join(tmpdir(), RUN_PREFIX));
  writeFileSync(join(runDir, OWNER_FILE), String(process.pid));
  const dataDir = join(runDir, 'postgres');
  // When the tests run as root, PostgreSQL's user must pass here.
  chmodSync(runDir, 0o711);
  chooseNatsServer(runDir);

  const cacheDir = join(homedir(), '.cache', 'session-ledger');
  const [postgres] = await Promise.all([
    EmbeddedPostgres.start({ dataDir, database: 'tests', settings: SETTINGS }),
    findNatsServer({ cacheDir, onMessage: console.log }),
  ]);
  await createApplicationRole(postgres.url);
  keepTemporaryFilesIn(runDir);
  process.env.SESSION_LEDGER_TEST_ENVIRONMENT = JSON.stringify({ postgresUrl: postgres.url, runDir, cacheDir });
  globalThis.sessionLedgerTestRun = { postgres, runDir };
}

/** Roles belong to the whole server: migrations of several databases at once would race for it. */
async function createApplicationRole(connectionString) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query('create role session_ledger_app nologin');
  await client.query('grant session_ledger_app to current_user');
  await client.end();
}
