import { parseArgs } from 'node:util';
import { runBench } from '../bench-run.js';
import { load, type LoadResult } from './load.js';
import { processorTime, processorTimeOfChildren } from './processor-time.js';
import { report, type Row } from './report.js';
import { type Measured, rowsOf, workOf } from './rows.js';
import { type Rung, rungsOf } from './rungs.js';
import { type Sides, startSides } from './sides.js';

/** Requests per second that a renewal can at most reach here; so many sessions are made ahead for each measurement. */
const RENEWALS_PER_SECOND = 5_000;
const READERS = 500;
/** Seconds of load that count for nothing: connections that were idle for a while are opened anew, and plan anew. */
const WARM_UP = 0.5;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1.5' },
    /** The dist folder of another clone, whose api is measured beside this one's. */
    other: { type: 'string' },
    connections: { type: 'string', default: '32,64' },
    /** Parts of names, with commas between: only what has one of them is measured. */
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const only = values.only.split(',');

await runBench('api', async (run) => {
  const sides = await startSides(run, values.other);
  const rows: Row[] = [];
  const work: string[] = [];
  for (const connections of values.connections.split(',').map(Number)) {
    const measured = await measure(connections, sides);
    rows.push(...rowsOf(connections, measured));
    work.push(...workOf(connections, measured));
  }
  report('api', rows, work);
});

/** Rounds in shuffled order. The first one warms up and counts for nothing. */
async function measure(connections: number, sides: Sides): Promise<Measured> {
  const readers = await sides.maker.make(READERS);
  const measured: Measured = {};
  for (let round = 0; round <= rounds; round++) {
    const rungs = await rungsOf(sides, readers, () => sides.maker.make(RENEWALS_PER_SECOND * (WARM_UP + seconds)));
    for (const rung of shuffled(rungs.filter(({ name }) => only.some((part) => name.includes(part))))) {
      const result = await loadOf(rung, connections, sides.postmaster);
      if (round === 0) continue;
      if (result.failed > 0) {
        throw new Error(`${rung.name}: ${result.failed} answers were not 200, the first was ${result.failure}`);
      }
      (measured[rung.name] ??= []).push(result);
    }
    process.stdout.write(`${connections} connections, round ${round} of ${rounds}\n`);
  }
  return measured;
}

async function loadOf({ server, requests, prepare }: Rung, connections: number, postmaster: number) {
  const spent = () => ({
    server: processorTime(server.pid),
    postgres: processorTimeOfChildren(postmaster),
    caller: processorTime(process.pid),
  });
  await prepare?.();
  await load(server.url, { connections, seconds: WARM_UP, ...requests });
  const before = spent();
  const result: LoadResult = await load(server.url, { connections, seconds, ...requests });
  const after = spent();
  const each = (part: keyof typeof before) => ((after[part] - before[part]) * 1000) / result.answered;
  return { ...result, work: { server: each('server'), postgres: each('postgres'), caller: each('caller') } };
}

function shuffled<T>(list: T[]): T[] {
  return list
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
