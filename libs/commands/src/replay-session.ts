import { LedgerError, sessionStream } from '#libs/contracts';
import type { AppendedStream, StoredEvent } from '#libs/ledger';
import { isSessionEvent, type SessionEvent } from '#libs/session';
import type { CommandDeps } from './command-deps.js';
import type { SessionWithIssuedToken } from './issued.js';
import { headAfter, secondsOf } from './new-events.js';

const SESSION_PREFIX = sessionStream('');

/** The first answer of a command that issued a token, built again from what it wrote. */
export async function replaySession(deps: CommandDeps, streams: AppendedStream[]): Promise<SessionWithIssuedToken> {
  const issued = await issuingStream(deps, streams);
  const sessionId = issued.streamId.slice(SESSION_PREFIX.length);
  const snapshot = await deps.heads.session(sessionId);
  if (!snapshot) throw new LedgerError('NOT_FOUND');
  const { now, holderIds } = snapshot;
  const events = (await deps.store.readStream(issued.streamId)).slice(0, issued.lastVersion);
  const head = headAfter(null, events.map(sessionEventOf), { hasHolder: holderIds.length > 0, now });
  const isCurrent = snapshot.head.status === 'active' && snapshot.head.generation === head.generation;
  return { head, token: isCurrent ? await deps.issuer.derive(head) : null, now: secondsOf(now) };
}

/** Of several streams in one command, the one in which a token was issued last. */
async function issuingStream(deps: CommandDeps, streams: AppendedStream[]): Promise<AppendedStream> {
  for (const stream of streams) {
    if (!stream.streamId.startsWith(SESSION_PREFIX)) continue;
    const [event] = await deps.store.readStream(stream.streamId, { fromVersion: stream.firstVersion, limit: 1 });
    if (event?.type === 'SessionCreated' || event?.type === 'SessionRenewed') return stream;
  }
  throw new LedgerError('IDEMPOTENCY_KEY_REUSED');
}

export function sessionEventOf(event: StoredEvent): SessionEvent {
  const fact = { type: event.type, data: event.data };
  if (!isSessionEvent(fact)) throw new Error(`${event.streamId} version ${event.version} is no session event`);
  return fact;
}
