import type { Ledger } from '#libs/ledger';
import { renewal, sessionHead, Sessions } from './sessions.js';
import { sessionStream } from '#libs/contracts';

const STREAMS = 100;
const EVENTS_EACH = 10;

export interface FillOptions {
  ledger: Ledger;
  callers: number;
  sessionsPerCaller: number;
  /** How many events to add. */
  events: number;
  onProgress: (done: number) => void;
}

/** Adds renewals to the sessions that are there, many to an append: a log of a million events in a minute or two. */
export async function fill({ ledger, callers, sessionsPerCaller, events, onProgress }: FillOptions): Promise<void> {
  const all = callers * sessionsPerCaller;
  for (let done = 0; done < events; done += STREAMS * EVENTS_EACH) {
    const first = (done / EVENTS_EACH) % all;
    const ids = Array.from({ length: Math.min(STREAMS, all) }, (_, n) => (first + n) % all);
    await ledger.append({
      streams: ids.map((n) => {
        const id = Sessions.id(Math.floor(n / sessionsPerCaller), n % sessionsPerCaller);
        return {
          streamId: sessionStream(id),
          expectedVersion: null,
          events: Array.from({ length: EVENTS_EACH }, (_, version) => renewal(sessionHead(id, version + 2))),
        };
      }),
      actor: 'agent:00000000-0000-7000-8000-000000000001',
      requestId: 'benchmark',
    });
    onProgress(done + ids.length * EVENTS_EACH);
  }
}
