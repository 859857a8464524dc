import type { Row } from './report.js';

/** Processor time, milliseconds. */
export interface Work {
  server: number;
  postgres: number;
  /** The bench's own, that asks. */
  caller: number;
}

/** What a rung did in one round. */
export interface Turn {
  /** Of each request, milliseconds. */
  times: number[];
  /** Milliseconds. */
  elapsed: number;
  work: Work;
}

/** By rung, one turn for each round. */
export type Measured = Record<string, Turn[]>;

const GOAL = 0.6;
/** A pair of the same further apart than this says more about the machine than about the code. */
const NOISE = 0.15;

/** Ratios are taken within a round; the median over the rounds counts. Rungs that were left out have no row. */
export function rowsOf(connections: number, measured: Measured): Row[] {
  const ratio = (name: string, baseline: string) =>
    median((measured[name] ?? []).map((turn, round) => rateOf(turn) / rateOf(measured[baseline]?.[round])));
  const isQuiet = (baseline: string) => Math.abs(ratio(`${baseline} again`, baseline) - 1) <= NOISE;
  const row = (name: string, figure: string, baseline: string, goal: number | null = null): Row[] => {
    const turns = measured[name];
    const against = measured[baseline];
    if (!turns || !against) return [];
    const value = ratio(name, baseline);
    const met = goal !== null && isQuiet(baseline) ? value >= goal : null;
    const title = `${figure}, ${connections} connections (p99 ${p99(turns).toFixed(1)} ms)`;
    return [{ figure: title, value: rate(turns), unit: '/s', baseline: rate(against), ratio: value, goal, met }];
  };
  const again = (name: string) =>
    row(`${name} again`, `A/A check of ${name}${isQuiet(name) ? '' : ': too noisy, the run is void'}`, name);
  return [
    ...row('renew', 'renew by an unseen token against one durable insert', 'insert', GOAL),
    ...row('used renew', 'renew by a token used before against the same', 'insert', GOAL),
    ...row('insert and sign', 'bare insert and signature against the same', 'insert'),
    ...row('bare renewal', 'bare read, signature, head and event against the same', 'insert'),
    ...row('bare renewal together', 'the same in shared statements', 'insert'),
    ...row('used renew', 'renew by a token used before against a bare one', 'bare renewal'),
    ...row('used renew', 'and against bare ones in shared statements', 'bare renewal together'),
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
  return Object.entries(measured).map(([name, turns]) => {
    const answered = turns.reduce((sum, { times }) => sum + times.length, 0);
    const part = (key: keyof Work) => {
      const spent = turns.reduce((sum, { work }) => sum + work[key], 0);
      return `${((spent * 1000) / answered).toFixed(0)} µs`.padStart(8);
    };
    const parts = `server ${part('server')}, PostgreSQL ${part('postgres')}, caller ${part('caller')}`;
    return `${`${name}, ${connections} connections`.padEnd(46)} ${parts}`;
  });
}

function rate(turns: readonly Turn[]): number {
  return median(turns.map(rateOf));
}

/** Requests per second. */
function rateOf(turn: Turn | undefined): number {
  return turn ? (turn.times.length * 1000) / turn.elapsed : NaN;
}

/** Milliseconds. */
function p99(turns: readonly Turn[]): number {
  const times = turns.flatMap((turn) => turn.times).sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? NaN;
}

function median(list: number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
}
