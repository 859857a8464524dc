import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 5;

export interface StartOptions {
  /** For the server to say anything, milliseconds. */
  silenceMs: number;
  /** Milliseconds after which `onSlow` is told, once. */
  slowMs: number;
  onSlow: () => void;
}

/**
 * Waits for a server to accept connections; false when it ends, or says nothing in time. One that says that it is starting is
 * waited for as long as it takes: after a crash it replays its log, and stopped in that it would begin all over.
 *
 * @param status what the server says of itself, as `starting` or `ready`, `ended` when it has; null until it says anything
 */
export async function becomesReady(
  status: () => string | null,
  { silenceMs, slowMs, onSlow }: StartOptions,
): Promise<boolean> {
  const begun = Date.now();
  let isSlow = false;
  for (;;) {
    const said = status();
    const waitedMs = Date.now() - begun;
    if (said === 'ready') return true;
    if (said === 'ended' || (said === null && waitedMs >= silenceMs)) return false;
    if (!isSlow && waitedMs >= slowMs) {
      isSlow = true;
      onSlow();
    }
    await sleep(POLL_MS);
  }
}
