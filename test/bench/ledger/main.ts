import { homedir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Database } from '#libs/database';
import { EmbeddedPostgres } from '#libs/embedded';
import { createLedger } from '#libs/ledger';
import { runBench, type BenchRun } from '../bench-run.js';
import { openAnchor } from './anchor.js';
import { BASELINE_TABLES } from './baselines.js';
import { fill } from './fill.js';
import { climb, lostOrReordered, type LadderResult } from './ladder.js';
import { pipeline } from './pipeline.js';
import { plotSvg } from './plot.js';
import { Progress } from './progress.js';
import { relayAndLatency } from './relay.js';
import { figuresOf, groupsOf, isValid, machine, save, table } from './report.js';
import { benchSettings } from './settings.js';
import { Sessions } from './sessions.js';
import { createSessions } from './warm.js';

/** The sequencer's rate is taken from what is filled in. */
const LEAST_FILL = 50_000;

const progress = new Progress();

await runBench('ledger', bench);

async function bench(run: BenchRun): Promise<void> {
  const { callers, connections, sessionsPerCaller, rounds, seconds, events } = benchSettings();
  progress.say(`Ledger benchmark on ${machine()}`);
  progress.say(
    `${callers} callers over ${connections} connections, ${callers * sessionsPerCaller} sessions, ${rounds} rounds of ${seconds} s a rung, a log of ${events} events`,
  );
  const postgres = await EmbeddedPostgres.start({
    dataDir: join(run.folder, 'postgres'),
    database: 'bench',
    settings: { shared_buffers: '512MB', max_wal_size: '4GB', max_connections: '200' },
  });
  run.onEnd(() => postgres.stop());
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  run.onEnd(() => admin.end());
  const database = await Database.open({ url: postgres.url, applicationName: 'bench', poolSize: connections });
  run.onEnd(() => database[Symbol.asyncDispose]());
  const ledger = createLedger(database);
  const anchor = await openAnchor({ url: postgres.urlOf('bench'), connections }, anchorFolder(), (line) =>
    progress.say(line),
  );
  run.onEnd(() => anchor?.close());

  progress.say('warming up');
  await createSessions(ledger, Sessions.ids(callers, sessionsPerCaller));
  await admin.query(BASELINE_TABLES);
  const ladder = { database, ledger, anchor, callers, sessionsPerCaller, rounds, seconds, progress };
  progress.say('append, native flush');
  await flushAfter(admin, 0);
  const native = await climb(ladder);
  progress.say('append, every flush waits 2 ms (as a network disk or a synchronous replica does)');
  await flushAfter(admin, 2000);
  const slow = await climb(ladder);
  await flushAfter(admin, 0);

  const half = (native.rates['ours'] ?? 0) / 2;
  const dataDir = join(run.folder, 'nats');
  const relayed = await relayAndLatency({ database, url: postgres.url, rate: half, dataDir }, progress);
  progress.say('the log behind the append');
  const missing = Math.max(events - (await eventCount(admin)), LEAST_FILL);
  const onProgress = (done: number) => progress.at('filling the log', done, missing);
  await fill({ ledger, callers, sessionsPerCaller, events: missing, onProgress });
  const rest = await pipeline(database, run.folder, progress);
  const wrong = await lostOrReordered(database);

  const results: LadderResult[] = [native, slow];
  const isVoid = !results.every(({ aa }) => isValid(aa));
  const figures = figuresOf(native, slow, rest, relayed);
  progress.say(`\n${table(figures, isVoid)}\n`);
  progress.say(`events lost or out of order in this run: ${wrong}`);
  for (const { aa } of results) {
    if (isValid(aa)) continue;
    const range = `${aa.median.toFixed(2)} (${aa.low.toFixed(2)} to ${aa.high.toFixed(2)})`;
    progress.say(`VOID: L0 against itself gave ${range}; run it on a quiet machine`);
  }
  const plot = plotSvg(groupsOf(native, slow, rest, relayed));
  progress.say(`written to ${save('ledger', figures, plot, isVoid)}`);
  if (wrong !== 0) process.exitCode = 1;
}

/** `microseconds` that every flush waits; then the tables and the disk are brought to rest. */
async function flushAfter(admin: pg.Client, microseconds: number): Promise<void> {
  await admin.query(`alter system set commit_delay = ${microseconds}`);
  await admin.query('alter system set commit_siblings = 0');
  await admin.query('select pg_reload_conf()');
  await admin.query('vacuum analyze');
  await admin.query('checkpoint');
}

async function eventCount(admin: pg.Client): Promise<number> {
  const { rows } = await admin.query<{ n: string }>('select count(*) as n from ledger.event');
  return Number(rows[0]?.n ?? 0);
}

function anchorFolder(): string {
  return join(homedir(), '.cache', 'session-ledger', 'bench-anchor');
}
