import { setTimeout as sleep } from 'node:timers/promises';
import { sessionEventOf, sessionViewOf, type CommandDeps } from '#libs/commands';
import { LedgerError, sessionStream, type SessionView } from '#libs/contracts';
import type { SessionSnapshot } from '#libs/ledger';
import { evolve, type SessionState } from '#libs/session';

/**
 * A session as its events had made it by a time (to the millisecond, an event of that very time included), with the holders of now.
 * Errors: NOT_FOUND before its creation, BAD_REQUEST after now: nothing is recorded of the future.
 */
export async function sessionAt(
  { store }: CommandDeps,
  { head: { sessionId }, holderIds, now }: SessionSnapshot,
  at: string,
): Promise<SessionView> {
  const time = Date.parse(at);
  if (time > now) {
    const message = `is after the server's time, ${new Date(now).toISOString()}; leave \`at\` out for the state of now`;
    throw new LedgerError('BAD_REQUEST', { errors: [{ path: 'at', message }] });
  }
  const state = (await store.readStream(sessionStream(sessionId)))
    .filter((event) => Date.parse(event.time) <= time)
    .map(sessionEventOf)
    .reduce<SessionState | null>(evolve, null);
  if (!state) throw new LedgerError('NOT_FOUND', { detail: `The session ${sessionId} did not exist at ${at}.` });
  return sessionViewOf(state, Math.floor(time / 1000), holderIds.length > 0);
}

/** How long a reader waits for a version that it has heard of. */
const WAIT_MS = 200;
const POLL_MS = 20;

/** Reads until the session has this version, for a moment; then gives what there is, `stale`. */
export async function waitForVersion(
  read: () => Promise<SessionSnapshot>,
  minVersion: number,
): Promise<{ snapshot: SessionSnapshot; stale: boolean }> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const snapshot = await read();
    if (snapshot.head.version >= minVersion) return { snapshot, stale: false };
    if (performance.now() >= deadline) return { snapshot, stale: true };
    await sleep(POLL_MS);
  }
}
