import { quantile } from './statistics.js';

/** One way to write one event. */
export interface Rung {
  name: string;
  /** `slot` is the caller's own series of streams: no two callers share one. */
  write(slot: number): Promise<unknown>;
}

export interface RungResult {
  rate: number;
  p50: number;
  p99: number;
}

/** Writes from `callers` sides for `seconds`; each caller waits for its answer before it writes again. */
export async function measure(rung: Rung, callers: number, seconds: number): Promise<RungResult> {
  const end = performance.now() + seconds * 1000;
  const times: number[] = [];
  const started = performance.now();
  const caller = async (slot: number) => {
    for (let before = performance.now(); before < end;) {
      await rung.write(slot);
      const after = performance.now();
      times.push(after - before);
      before = after;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, slot) => caller(slot)));
  const elapsed = (performance.now() - started) / 1000;
  return { rate: times.length / elapsed, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}
