import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

export interface Row {
  figure: string;
  value: number;
  unit: string;
  baseline: number;
  ratio: number;
  goal: number | null;
  /** Null where the run was too noisy to say. */
  met: boolean | null;
}

const FOLDER = 'bench-results';

/** Prints the figures as a table and keeps them in `bench-results/<name>.json`; below it where the processor time goes. */
export function report(name: string, rows: Row[], work: string[]): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  mkdirSync(FOLDER, { recursive: true });
  const date = new Date().toISOString();
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify({ name, date, machine, rows, work }, null, 2)}\n`);
  const lines = rows.map(({ figure, value, unit, baseline, ratio, goal, met }) =>
    [
      figure.padEnd(56),
      `${value.toFixed(0)} ${unit}`.padStart(12),
      `of ${baseline.toFixed(0)}`.padStart(10),
      `× ${ratio.toFixed(2)}`.padStart(8),
      goal === null ? '' : `  goal ≥ ${goal} ${met === null ? 'void' : met ? 'met' : 'NOT MET'}`,
    ].join(' '),
  );
  process.stdout.write(
    `\n${machine}, ${date}\n${lines.join('\n')}\n\nProcessor time of a request\n${work.join('\n')}\n`,
  );
}
