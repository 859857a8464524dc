import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second, whatever the kernel's own tick is. */
const TICK_MS = 10;

interface ProcessStat {
  parent: number;
  /** Processor time so far, milliseconds. */
  ms: number;
  /** The same of its children that have ended. */
  endedMs: number;
}

/** Processor time of one process so far, milliseconds; NaN where there is no /proc. */
export function processorTime(pid: number): number {
  return statOf(pid)?.ms ?? NaN;
}

/** The same of all children of a process together, also of those that have ended. */
export function processorTimeOfChildren(pid: number): number {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => statOf(Number(name)))
      .reduce((sum, stat) => sum + (stat?.parent === pid ? stat.ms : 0), statOf(pid)?.endedMs ?? NaN);
  } catch {
    return NaN;
  }
}

/** The parent of a process; null where there is no /proc. */
export function parentOf(pid: number): number | null {
  return statOf(pid)?.parent ?? null;
}

function statOf(pid: number): ProcessStat | null {
  try {
    // The name, in parentheses, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const ticks = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) * TICK_MS;
    return { parent: Number(fields[1]), ms: ticks(11), endedMs: ticks(13) };
  } catch {
    return null;
  }
}
