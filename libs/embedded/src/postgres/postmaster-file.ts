import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stopLeftover } from '../leftover.js';

const PID_LINE = 0;
const PORT_LINE = 3;
const STATUS_LINE = 7;

/** Fast shutdown, then immediate, then what cannot be refused. */
export const STOP_STEPS: { signal: NodeJS.Signals; waitMs: number }[] = [
  { signal: 'SIGINT', waitMs: 15_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

function readLines(cluster: string): string[] | undefined {
  try {
    return readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What the server with this pid says of itself, as `starting` or `ready`; null when it says nothing yet. */
export function statusOf(cluster: string, pid: number): string | null {
  const lines = readLines(cluster);
  return Number(lines?.[PID_LINE]) === pid ? (lines?.[STATUS_LINE]?.trim() ?? null) : null;
}

/** Port of the server on this cluster; null when it has none that accepts connections. */
export function runningPort(cluster: string): number | null {
  const lines = readLines(cluster);
  return lines?.[STATUS_LINE]?.trim() === 'ready' ? Number(lines[PORT_LINE]) : null;
}

/** Stops the server that a killed start left on this cluster, and clears a pid file that now names somebody else. */
export async function clearLeftover(cluster: string): Promise<boolean> {
  const lines = readLines(cluster);
  if (lines === undefined) return false;
  const stopped = await stopLeftover(Number(lines[PID_LINE]), { marker: `-D ${cluster} `, steps: STOP_STEPS });
  rmSync(join(cluster, 'postmaster.pid'), { force: true });
  return stopped;
}
