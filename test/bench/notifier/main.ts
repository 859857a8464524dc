/** `npm run bench:notifier`: what a notifier of one process delivers. See docs/benchmarks.md for how to read it. */
import { runBench } from '../bench-run.js';
import { measureBurst } from './burst.js';
import { startBenchDatabase } from './bench-database.js';
import { measureIsolation } from './isolation.js';
import { measureLatency } from './latency.js';
import { printRows, writeRows, type BenchRow } from './rows.js';
import { measureThroughput } from './throughput.js';

const alerts = Number(process.argv[2] ?? 6000);
const sessions = Number(process.argv[3] ?? 10_000);

await runBench('notifier', async (run) => {
  const postgres = await startBenchDatabase(run.folder);
  run.onEnd(() => postgres.stop());
  const rows: BenchRow[] = [
    ...(await measureThroughput(postgres, alerts)),
    ...(await measureIsolation(postgres)),
    ...(await measureLatency(postgres, run.folder)),
    ...(await measureBurst(postgres, sessions)),
  ];
  printRows(rows);
  writeRows('notifier', rows);
});
