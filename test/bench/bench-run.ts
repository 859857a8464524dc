import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a benchmark keeps its files, and what is to be stopped after it. Nothing of a run stays behind. */
export class BenchRun {
  /** Passable, so that PostgreSQL's own user gets to its cluster in it; what lies in it is private. */
  readonly folder: string;
  private readonly stops: (() => unknown)[] = [];
  private ending: Promise<void> | null = null;

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `session-ledger-bench-${name}-`));
    chmodSync(this.folder, 0o711);
    this.onEnd(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** Last in, first stopped. */
  onEnd(stop: () => unknown): void {
    this.stops.unshift(stop);
  }

  end(): Promise<void> {
    this.ending ??= this.stopAll();
    return this.ending;
  }

  private async stopAll(): Promise<void> {
    for (const stop of this.stops) {
      try {
        await stop();
      } catch (error) {
        process.stderr.write(`stopping: ${(error as Error).message}\n`);
      }
    }
  }
}

const INTERRUPTED = 130;

/** Runs a benchmark and tidies up after it, also when it fails or is cut off by Ctrl-C. */
export async function runBench(name: string, work: (run: BenchRun) => Promise<void>): Promise<void> {
  const run = new BenchRun(name);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void run.end().finally(() => process.exit(INTERRUPTED)));
  }
  try {
    await work(run);
  } finally {
    await run.end();
  }
}
