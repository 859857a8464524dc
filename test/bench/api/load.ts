import { Pool } from 'undici';

export interface Request {
  method: 'GET' | 'PUT' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface LoadResult {
  perSecond: number;
  /** Requests answered with 200. */
  answered: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Answers that were not 200. */
  failed: number;
  /** The first of them, to say why. */
  failure: string | null;
}

export interface Load {
  connections: number;
  seconds: number;
  /** The next request of a caller; null when there are no more. */
  next: (caller: number) => Request | null;
  /** Told of every answer, where the next request depends on it. */
  answered?: (caller: number, body: string) => void;
}

/** Keeps `connections` busy for `seconds`. */
export async function load(url: string, { connections, seconds, next, answered }: Load): Promise<LoadResult> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const times: number[] = [];
  let failed = 0;
  let failure: string | null = null;
  const started = performance.now();
  const end = started + seconds * 1000;
  const call = async (_: unknown, caller: number) => {
    for (let request = next(caller); request !== null && performance.now() < end; request = next(caller)) {
      const before = performance.now();
      const { statusCode, body } = await pool.request(request);
      if (statusCode !== 200) {
        failed++;
        failure ??= `${statusCode} ${await body.text()}`;
        continue;
      }
      if (answered) answered(caller, await body.text());
      else await body.dump();
      times.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: connections }, call));
  const elapsed = (performance.now() - started) / 1000;
  await pool.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return { perSecond: times.length / elapsed, answered: times.length, p50: at(0.5), p99: at(0.99), failed, failure };
}
