import type { LoadResult } from './load.js';
import type { Row } from './report.js';

/** Processor time of a request, microseconds. */
export interface Work {
  server: number;
  postgres: number;
  /** The bench's own, that asks. */
  caller: number;
}

/** By rung, one result for each round. */
export type Measured = Record<string, (LoadResult & { work: Work })[]>;

const GOAL = 0.6;
/** A pair of the same further apart than this says more about the machine than about the code. */
const NOISE = 0.15;

/** Ratios are taken within a round; the median over the rounds counts. Rungs that were left out have no row. */
export function rowsOf(connections: number, measured: Measured): Row[] {
  const rate = (name: string) => median((measured[name] ?? []).map(({ perSecond }) => perSecond));
  const ratio = (name: string, baseline: string) =>
    median((measured[name] ?? []).map(({ perSecond }, i) => perSecond / (measured[baseline]?.[i]?.perSecond ?? NaN)));
  const isQuiet = (baseline: string) => Math.abs(ratio(`${baseline} again`, baseline) - 1) <= NOISE;
  const row = (name: string, figure: string, baseline: string, goal: number | null = null): Row[] => {
    if (!measured[name] || !measured[baseline]) return [];
    const value = ratio(name, baseline);
    const met = goal !== null && isQuiet(baseline) ? value >= goal : null;
    const p99 = median(measured[name].map((result) => result.p99)).toFixed(1);
    const title = `${figure}, ${connections} connections (p99 ${p99} ms)`;
    return [{ figure: title, value: rate(name), unit: '/s', baseline: rate(baseline), ratio: value, goal, met }];
  };
  const again = (name: string) =>
    row(`${name} again`, `A/A check of ${name}${isQuiet(name) ? '' : ': too noisy, the run is void'}`, name);
  return [
    ...row('renew', 'renew by an unseen token against one durable insert', 'insert', GOAL),
    ...row('used renew', 'renew by a token used before against the same', 'insert', GOAL),
    ...row('whoami', 'GET /v1/session against one select', 'select', GOAL),
    ...row('renew', 'renew against oidc-provider’s refresh', 'peer refresh'),
    ...row('introspect', 'introspection against oidc-provider’s', 'peer introspect'),
    ...['renew', 'used renew', 'whoami', 'introspect'].flatMap((name) =>
      row(name, `${name} against the other build`, `${name}, other build`),
    ),
    ...again('insert'),
    ...again('select'),
  ];
}

/** Where the processor time of a request goes, one line for each rung. */
export function workOf(connections: number, measured: Measured): string[] {
  return Object.entries(measured).map(([name, results]) => {
    const part = (key: keyof Work) => `${median(results.map(({ work }) => work[key])).toFixed(0)} µs`.padStart(8);
    const parts = `server ${part('server')}, PostgreSQL ${part('postgres')}, caller ${part('caller')}`;
    return `${`${name}, ${connections} connections`.padEnd(46)} ${parts}`;
  });
}

function median(list: number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
}
