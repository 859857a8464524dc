import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Database } from '#libs/database';
import { EmbeddedPostgres } from '#libs/embedded';
import { createLedger } from '#libs/ledger';
import { openAnchor } from './anchor.js';
import { BASELINE_TABLES } from './baselines.js';
import { climb, lostOrReordered, type LadderResult } from './ladder.js';
import { pipeline } from './pipeline.js';
import { plotSvg } from './plot.js';
import { relayAndLatency } from './relay.js';
import { figuresOf, isValid, machine, save, table } from './report.js';
import { benchSettings } from './settings.js';
import { createSessions } from './warm.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const { callers, connections, sessionsPerCaller, rounds, seconds } = benchSettings();
  const folder = mkdtempSync(join(tmpdir(), 'session-ledger-bench-'));
  say(`Ledger benchmark on ${machine()}`);
  say(
    `${callers} callers over ${connections} connections, ${callers * sessionsPerCaller} sessions, ${rounds} rounds of ${seconds} s a rung`,
  );
  await using postgres = await EmbeddedPostgres.start({
    dataDir: folder,
    database: 'bench',
    settings: { shared_buffers: '512MB', max_wal_size: '4GB', max_connections: '200' },
  });
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  const database = await Database.open({ url: postgres.url, applicationName: 'bench', poolSize: connections });
  const ledger = createLedger(database);
  const anchor = await openAnchor({ url: postgres.urlOf('bench'), connections }, anchorFolder(), say);
  try {
    say('warming up');
    await createSessions(ledger, callers, sessionsPerCaller);
    await admin.query(BASELINE_TABLES);
    const ladder = { database, ledger, anchor, callers, sessionsPerCaller, rounds, seconds, tell: say };
    const results: LadderResult[] = [];
    for (const delay of [0, 2000]) {
      await admin.query(`alter system set commit_delay = ${delay}`);
      await admin.query(`alter system set commit_siblings = 0`);
      await admin.query('select pg_reload_conf()');
      await admin.query('vacuum analyze');
      await admin.query('checkpoint');
      say(
        delay === 0
          ? 'append, native flush'
          : 'append, every flush waits 2 ms (as a network disk or a synchronous replica does)',
      );
      results.push(await climb(ladder));
    }
    const [native, slow] = results as [LadderResult, LadderResult];
    await admin.query('alter system reset commit_delay');
    await admin.query('select pg_reload_conf()');
    say('the log behind the append');
    const rest = await pipeline(database, say);
    const half = (native.rates['ours'] ?? 0) / 2;
    const relayed = await relayAndLatency({ database, url: postgres.url, rate: half }, say);
    const wrong = await lostOrReordered(database);
    const figures = figuresOf(native, slow, rest, relayed);
    const plot = plotSvg([
      { title: 'native flush', result: native },
      { title: '2 ms flush', result: slow },
    ]);
    const isVoid = !results.every(({ aa }) => isValid(aa));
    say(`\n${table(figures, isVoid)}\n`);
    say(`events lost or out of order in this run: ${wrong}`);
    for (const { aa } of results) {
      if (!isValid(aa))
        say(
          `VOID: L0 against itself gave ${aa.median.toFixed(2)} (${aa.low.toFixed(2)} to ${aa.high.toFixed(2)}); run it on a quiet machine`,
        );
    }
    say(`written to ${save('ledger', figures, plot, isVoid)}`);
    if (wrong !== 0) process.exitCode = 1;
  } finally {
    await anchor?.close();
    await database[Symbol.asyncDispose]();
    await admin.end();
  }
  rmSync(folder, { recursive: true, force: true });
}

function anchorFolder(): string {
  return join(homedir(), '.cache', 'session-ledger', 'bench-anchor');
}

await main();
