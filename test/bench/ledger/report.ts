import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { LadderResult } from './ladder.js';
import type { PipelineResult } from './pipeline.js';
import type { BarGroup } from './plot.js';
import type { RelayResult } from './relay.js';

const NAMES: Record<string, string> = {
  L0: 'one insert (L0)',
  'L0 again': 'one insert, again',
  L1: 'same rows, no logic (L1)',
  ours: 'ledger append',
  emmett: 'emmett-postgresql',
};

export interface Figure {
  figure: string;
  value: number;
  unit: string;
  baseline: string | null;
  ratio: number | null;
  goal: string | null;
  met: boolean | null;
}

export function figuresOf(
  native: LadderResult,
  slow: LadderResult,
  rest: PipelineResult,
  relayed: RelayResult,
): Figure[] {
  return [
    ...appendFigures('native', native),
    ...appendFigures('2 ms flush', slow),
    ...pipelineFigures(rest),
    ...relayFigures(relayed),
  ];
}

function appendFigures(
  mode: string,
  { rates, oursToL0, oursToL1, oursToAnchor, p50, p99, aa }: LadderResult,
): Figure[] {
  const rate = (name: string) => Math.round(rates[name] ?? 0);
  const line = (figure: string, value: number, unit = '/s'): Figure => ({
    figure: `${figure}, ${mode}`,
    value,
    unit,
    baseline: null,
    ratio: null,
    goal: null,
    met: null,
  });
  return [
    line('L0 one insert, one index', rate('L0')),
    {
      ...line('L0 again (A/A)', rate('L0 again')),
      baseline: 'L0',
      ratio: aa.median,
      goal: '0.9–1.1',
      met: isValid(aa),
    },
    line('L1 same rows, no logic', rate('L1')),
    { ...line('append', rate('ours')), baseline: 'L1', ratio: oursToL1, goal: '≥ 0.5', met: oursToL1 >= 0.5 },
    { ...line('append', rate('ours')), baseline: 'L0', ratio: oursToL0 },
    ...(oursToAnchor === null
      ? []
      : [
          line('emmett-postgresql', rate('emmett')),
          {
            ...line('append', rate('ours')),
            baseline: 'emmett',
            ratio: oursToAnchor,
            goal: '≥ 1.5',
            met: oursToAnchor >= 1.5,
          },
        ]),
    line('append p50', round(p50['ours'] ?? NaN), 'ms'),
    line('append p99', round(p99['ours'] ?? NaN), 'ms'),
  ];
}

/** What the plot shows: the rungs, what is behind the append, and how late a consumer hears. */
export function groupsOf(
  native: LadderResult,
  slow: LadderResult,
  rest: PipelineResult,
  { relay, latency }: RelayResult,
): BarGroup[] {
  const rungs = (title: string, { rates }: LadderResult): BarGroup => ({
    title,
    unit: '/s',
    bars: Object.entries(rates).map(([name, value]) => ({ name: NAMES[name] ?? name, value, isOurs: name === 'ours' })),
  });
  const ours = (name: string, value: number) => ({ name, value, isOurs: true });
  return [
    rungs('writes, native flush', native),
    rungs('writes, 2 ms flush', slow),
    {
      title: 'behind the append',
      unit: '/s',
      bars: [ours('sequencer', rest.sequencer), ours('relay', relay), ours('projector', rest.projector)],
    },
    {
      title: `append to consumer at ${Math.round(latency.rate)}/s, beside a bare insert`,
      unit: 'ms',
      bars: [
        ours('p50', latency.p50),
        { name: 'bare insert p50', value: latency.bare.p50, isOurs: false },
        ours('p99', latency.p99),
        { name: 'bare insert p99', value: latency.bare.p99, isOurs: false },
      ],
    },
  ];
}

/** A run whose baseline differs from itself says nothing. */
export function isValid({ median }: LadderResult['aa']): boolean {
  return median >= 0.9 && median <= 1.1;
}

function pipelineFigures({ events, sequencer, projector, verify, auditQueryP95 }: PipelineResult): Figure[] {
  const plain = { baseline: null, ratio: null };
  const million = 1_000_000 / verify;
  return [
    {
      figure: `sequencer, ${events} events`,
      value: Math.round(sequencer),
      unit: '/s',
      ...plain,
      goal: null,
      met: null,
    },
    {
      figure: 'projector catch-up, both read models',
      value: Math.round(projector),
      unit: '/s',
      ...plain,
      goal: '≥ 20,000/s',
      met: projector >= 20_000,
    },
    {
      figure: events >= 1_000_000 ? 'verify, for a million' : 'verify 1 M events (from the rate of fewer)',
      value: round(million),
      unit: 's',
      ...plain,
      goal: '< 15 s',
      met: million < 15,
    },
    {
      figure: `audit query p95, worst filter, ${events} events`,
      value: round(auditQueryP95),
      unit: 'ms',
      ...plain,
      goal: '< 50 ms at 1 M',
      met: auditQueryP95 < 50,
    },
  ];
}

function relayFigures({ relay, latency }: RelayResult): Figure[] {
  const plain = { baseline: null, ratio: null };
  const open = { unit: 'ms', ...plain, goal: null, met: null };
  const { rate, p50, p99, bare } = latency;
  const load = `event → JetStream consumer at ${Math.round(rate)}/s (half load)`;
  return [
    { figure: 'relay, store to JetStream', value: Math.round(relay), unit: '/s', ...plain, goal: null, met: null },
    { figure: `${load}, p50`, value: round(p50), unit: 'ms', ...plain, goal: '< 5 ms', met: p50 < 5 },
    { figure: 'bare insert beside it, p50', value: round(bare.p50), ...open },
    { figure: `${load}, p99`, value: round(p99), unit: 'ms', ...plain, goal: '< 50 ms', met: p99 < 50 },
    { figure: 'bare insert beside it, p99', value: round(bare.p99), ...open },
  ];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A void run says so above its figures. */
export function table(figures: Figure[], isVoid: boolean): string {
  const header = '| figure | value | against | ratio | goal | met |\n|---|---|---|---|---|---|';
  const rows = figures.map(
    ({ figure, value, unit, baseline, ratio, goal, met }) =>
      `| ${figure} | ${value} ${unit} | ${baseline ?? ''} | ${ratio?.toFixed(2) ?? ''} | ${goal ?? ''} | ${met === null ? '' : met ? 'yes' : 'no'} |`,
  );
  const warning = isVoid ? ['VOID: the machine was too busy; the baseline differs from itself.\n'] : [];
  return [...warning, header, ...rows].join('\n');
}

export function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.version}`;
}

/** `bench-results/<name>.json`, and the plot beside it. */
export function save(name: string, figures: Figure[], plot: string, isVoid: boolean): string {
  mkdirSync('bench-results', { recursive: true });
  const document = { name, date: new Date().toISOString(), machine: machine(), void: isVoid, rows: figures };
  const file = join('bench-results', `${name}.json`);
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  writeFileSync(join('bench-results', `${name}.svg`), plot);
  return file;
}
