import { setTimeout as sleep } from 'node:timers/promises';
import { lead, LOCKS, type Database } from '#libs/database';
import { dropLeftovers, sendCanaries, sendCheckpoints } from '#libs/deliveries';
import { sendReminders } from './reminders.js';
import type { Sweep } from './sweep.js';

export interface SweepLeaderParts {
  database: Database;
  sweep: Sweep;
  intervalSeconds: number;
  /** Seconds between two test messages through each channel. */
  canarySeconds: number;
  /** Seconds between two checkpoints of the log through each channel; default a day. */
  checkpointSeconds?: number | undefined;
  /** Called when deliveries were queued. */
  wake: () => void;
}

/** Of all notifiers one sweeps; the others stand by. Returns when the leadership is lost or the signal is aborted. */
export async function leadSweep(parts: SweepLeaderParts, stop: AbortSignal): Promise<void> {
  await using lease = await lead(parts.database, LOCKS.sweep, stop);
  const signal = AbortSignal.any([stop, lease.lost]);
  while (!signal.aborted) {
    await parts.sweep.pass(signal);
    const reminded = await sendReminders(parts.database);
    const canaries = await sendCanaries(parts.database, parts.canarySeconds);
    const checkpoints = await sendCheckpoints(parts.database, parts.checkpointSeconds);
    const turned = await dropLeftovers(parts.database);
    if (reminded || canaries.length + checkpoints.length + turned.length > 0) parts.wake();
    await sleep(parts.intervalSeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}
