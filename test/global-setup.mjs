/** One PostgreSQL for the whole run, and a folder that every server of the run keeps its files in. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { chooseNatsServer } from './chosen-nats.mjs';
import { compileForSetup } from './compile-for-setup.mjs';
import { keepTemporaryFilesIn, OWNER_FILE, RUN_PREFIX, sweepDeadRuns } from './run-folder.mjs';

// Every spec opens pools of its own.
const SETTINGS = { max_connections: '400' };
const LOOK_AT_PROCESSES_MS = 500;

export default async function globalSetup() {
  compileForSetup();
  const { EmbeddedPostgres, findNatsServer } = await import('#libs/embedded');
  const { ProcessWatch } = await import('#libs/testing');
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
  const recorder = await recordIn(runDir);
  process.env.SESSION_LEDGER_TEST_ENVIRONMENT = JSON.stringify({
    postgresUrl: postgres.url,
    runDir,
    recorder,
    cacheDir,
  });
  const watch = ProcessWatch.start(LOOK_AT_PROCESSES_MS);
  globalThis.sessionLedgerTestRun = { postgres, runDir, watch };
}

/** From here on this process and every Node process that it starts keep their HTTP answers in the run's folder. */
async function recordIn(runDir) {
  mkdirSync(join(runDir, 'record', 'specs'), { recursive: true });
  const file = join(runDir, 'record-answers.mjs');
  copyFileSync(join(import.meta.dirname, 'record-answers.mjs'), file);
  const recorder = `--import ${pathToFileURL(file).href}`;
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} ${recorder}`;
  await import(pathToFileURL(file).href);
  return recorder;
}

/** Roles belong to the whole server: migrations of several databases at once would race for it. */
async function createApplicationRole(connectionString) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query('create role session_ledger_app nologin');
  await client.query('grant session_ledger_app to current_user');
  await client.end();
}
