/** `npm run bench:notifier`: what a notifier of one process delivers. See docs/benchmarks.md for how to read it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureBurst } from './burst.js';
import { startBenchDatabase } from './bench-database.js';
import { measureLatency } from './latency.js';
import { printRows, writeRows, type BenchRow } from './rows.js';
import { measureThroughput } from './throughput.js';

const alerts = Number(process.argv[2] ?? 3000);
const sessions = Number(process.argv[3] ?? 10_000);

const folder = mkdtempSync(join(tmpdir(), 'bench-notifier-'));
const postgres = await startBenchDatabase(folder);
try {
  const rows: BenchRow[] = [
    ...(await measureThroughput(postgres, alerts)),
    ...(await measureLatency(postgres)),
    ...(await measureBurst(postgres, sessions)),
  ];
  printRows(rows);
  writeRows('notifier', rows);
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
