import type { Pool } from 'undici';

export interface Request {
  method: 'GET' | 'PUT' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface LoadResult {
  /** Of each request that was answered with 200, milliseconds. */
  times: number[];
  /** Milliseconds. */
  elapsed: number;
  /** Answers that were not 200. */
  failed: number;
  /** The first of them, to say why. */
  failure: string | null;
}

export interface Load {
  /** Requests under way, each on a connection of its own. */
  callers: number;
  seconds: number;
  /** The next request of a caller; null when there are no more. */
  next: (caller: number) => Request | null;
  /** Told of every answer, where the next request depends on it. */
  answered?: (caller: number, body: string) => void;
}

/** Keeps `callers` connections of a pool busy for `seconds`. The pool has at least as many. */
export async function load(pool: Pool, { callers, seconds, next, answered }: Load): Promise<LoadResult> {
  const times: number[] = [];
  let failed = 0;
  let failure: string | null = null;
  const started = performance.now();
  const end = started + seconds * 1000;
  const call = async (_: unknown, caller: number) => {
    while (performance.now() < end) {
      const request = next(caller);
      if (request === null) return;
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
  await Promise.all(Array.from({ length: callers }, call));
  return { times, elapsed: performance.now() - started, failed, failure };
}
