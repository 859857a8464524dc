import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;
/** For a machine with ten times the work that it can do, and held up now and then; whoever checks a time says so with a figure of its own. */
const DEADLINE_MS = 90_000;

export interface UntilOptions {
  timeoutMs?: number;
  pollMs?: number;
  /** What is waited for, for the error's text. */
  describe: string;
}

/**
 * Polls until the predicate answers something truthy, and answers that. What it throws counts as "not yet" and is
 * named by the error at the deadline.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  { timeoutMs = DEADLINE_MS, pollMs = POLL_MS, describe }: UntilOptions,
): Promise<Exclude<T, undefined | null | false | 0 | ''>> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  do {
    try {
      last = await predicate();
      if (last) return last as Exclude<T, undefined | null | false | 0 | ''>;
    } catch (error) {
      last = error;
    }
    await sleep(pollMs);
  } while (Date.now() < deadline);
  const detail = last instanceof Error ? last.message : JSON.stringify(last);
  throw new Error(`Waited ${timeoutMs} ms for ${describe}; last seen: ${detail}`);
}
