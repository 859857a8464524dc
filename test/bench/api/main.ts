import { parseArgs } from 'node:util';
import { runBench } from '../bench-run.js';
import { load } from './load.js';
import { processorTime, processorTimeOfChildren } from './processor-time.js';
import { report, type Row } from './report.js';
import { type Measured, rowsOf, type Turn, workOf } from './rows.js';
import { type Rung, rungsOf } from './rungs.js';
import { type Sides, startSides } from './sides.js';

/** Requests per second that a renewal can at most reach here; so many sessions are made ahead for each turn. */
const RENEWALS_PER_SECOND = 7_000;
const READERS = 500;
/** Seconds of load before each turn that count for nothing: the processor's caches are the last rung's. */
const WARM_UP = 0.05;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    /** Of a turn. Short, so that the turns that are compared see the same machine. */
    seconds: { type: 'string', default: '0.3' },
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

/** In each round each rung has its turn, in shuffled order. The first round warms up and counts for nothing. */
async function measure(connections: number, sides: Sides): Promise<Measured> {
  const readers = await sides.maker.make(READERS);
  const measured: Measured = {};
  for (let round = 0; round <= rounds; round++) {
    const rungs = await rungsOf(sides, readers, () => sides.maker.make(RENEWALS_PER_SECOND * (WARM_UP + seconds)));
    for (const rung of shuffled(rungs.filter(({ name }) => only.some((part) => name.includes(part))))) {
      const turn = await turnOf(rung, connections, sides.postmaster);
      if (round > 0) (measured[rung.name] ??= []).push(turn);
    }
    process.stdout.write(`${connections} connections, round ${round} of ${rounds}\n`);
  }
  return measured;
}

async function turnOf({ name, server, requests, prepare }: Rung, callers: number, postmaster: number): Promise<Turn> {
  const spent = () => ({
    server: processorTime(server.pid),
    postgres: processorTimeOfChildren(postmaster),
    caller: processorTime(process.pid),
  });
  await prepare?.();
  await load(server.pool, { callers, seconds: WARM_UP, ...requests });
  const before = spent();
  const { times, elapsed, failed, failure } = await load(server.pool, { callers, seconds, ...requests });
  const after = spent();
  if (failed > 0) throw new Error(`${name}: ${failed} answers were not 200, the first was ${failure}`);
  const part = (key: keyof typeof before) => after[key] - before[key];
  return { times, elapsed, work: { server: part('server'), postgres: part('postgres'), caller: part('caller') } };
}

function shuffled<T>(list: T[]): T[] {
  return list
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
