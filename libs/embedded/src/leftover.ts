import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from './process-identity.js';

const POLL_MS = 20;

export interface LeftoverSteps {
  /** Text of its command line that only our own process has, e.g. its data directory. */
  marker: string;
  /** Signals in order of force, each with the milliseconds it gets. */
  steps: { signal: NodeJS.Signals; waitMs: number }[];
}

/**
 * Stops a process that a killed parent left behind. Answers false when the pid is free or belongs to somebody else,
 * who is left alone. Throws when the process outlives the last signal.
 */
export async function stopLeftover(pid: number, { marker, steps }: LeftoverSteps): Promise<boolean> {
  const isOurs = (): boolean => identify(pid)?.command.includes(marker) ?? false;
  if (!isOurs()) return false;
  for (const { signal, waitMs } of steps) {
    if (isOurs()) process.kill(pid, signal);
    const deadline = Date.now() + waitMs;
    while (isOurs() && Date.now() < deadline) await sleep(POLL_MS);
    if (!isOurs()) return true;
  }
  throw new Error(
    `Process ${pid} of an earlier start does not stop. Stop it by hand (kill -9 ${pid}), then start again.`,
  );
}
