import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

export interface BenchRow {
  figure: string;
  value: number;
  unit: string;
  /** What the same machine does without the logic, in the same run. */
  baseline?: number;
  ratio?: number;
  goal?: string;
  /** Left out where the run is too noisy to say. */
  met?: boolean;
}

export function printRows(rows: BenchRow[]): void {
  for (const { figure, value, unit, baseline, ratio, goal, met } of rows) {
    const parts = [`${round(value)} ${unit}`];
    if (baseline !== undefined) parts.push(`baseline ${round(baseline)}`);
    if (ratio !== undefined) parts.push(`× ${ratio.toFixed(2)}`);
    if (goal !== undefined) parts.push(`goal ${goal}: ${met === undefined ? 'void' : met ? 'met' : 'not met'}`);
    process.stdout.write(`${figure.padEnd(64)} ${parts.join('  ')}\n`);
  }
}

/** `bench-results/<name>.json`, beside the sources. */
export function writeRows(name: string, rows: BenchRow[]): void {
  const [cpu] = cpus();
  const result = { name, date: new Date().toISOString(), machine: `${cpus().length} × ${cpu?.model ?? 'cpu'}`, rows };
  mkdirSync('bench-results', { recursive: true });
  writeFileSync(join('bench-results', `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

/** An order of its own for each round. */
export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
