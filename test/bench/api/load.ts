import { Pool } from 'undici';

export interface Request {
  method: 'GET' | 'PUT';
  path: string;
  headers?: Record<string, string>;
}

export interface LoadResult {
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Answers that were not 200. */
  failed: number;
}

/** Keeps `connections` busy for `seconds`; `next` gives the requests, and null when there are no more. */
export async function load(
  url: string,
  { connections, seconds, next }: { connections: number; seconds: number; next: () => Request | null },
): Promise<LoadResult> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const times: number[] = [];
  let failed = 0;
  const started = performance.now();
  const end = started + seconds * 1000;
  const caller = async () => {
    for (let request = next(); request !== null && performance.now() < end; request = next()) {
      const before = performance.now();
      const { statusCode, body } = await pool.request(request);
      await body.dump();
      if (statusCode === 200) times.push(performance.now() - before);
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: connections }, caller));
  const elapsed = (performance.now() - started) / 1000;
  await pool.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return { perSecond: times.length / elapsed, p50: at(0.5), p99: at(0.99), failed };
}
