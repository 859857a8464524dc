import { type DomainEvent, LedgerError, SYSTEM_STREAM, type SystemEventData } from '#libs/contracts';
import { type Database, onceWithin, type PoolClient, type RepeatableRequest } from '#libs/database';
import { appendWithin, IdempotencyMismatch } from '#libs/ledger';
import { newId } from '#libs/platform';
import { databaseNow } from './notifications/record-notification.js';

/** Who changes something, and how the request is recognised when it comes again. */
export interface Author {
  /** As in the event envelope. */
  actor: string;
  requestId: string;
  idempotency?: RepeatableRequest;
}

/** By what the owner wrote into the configuration, or by what a far side said. */
export const LEDGER_ITSELF: Author = { actor: 'system', requestId: 'notifier' };

export type SystemFact = Extract<DomainEvent, { type: keyof SystemEventData }>;

/**
 * Makes a change and records it, in one transaction: who turned an alert off stands in the ledger. A request that comes again
 * gets the outcome of the first. Throws `IDEMPOTENCY_KEY_REUSED`.
 */
export function recorded<T>(
  database: Database,
  author: Author,
  facts: readonly SystemFact[],
  change: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return database.transaction(async (client) => {
    // The event goes first: its stream's lock comes before any row of ours.
    const replayed = await append(client, author, facts);
    const { outcome, repeated } = await onceWithin(client, author.idempotency, () => change(client));
    // The one was forgotten, the other not yet.
    if (repeated !== replayed) throw new LedgerError('IDEMPOTENCY_KEY_REUSED');
    return outcome;
  });
}

async function append(client: PoolClient, author: Author, facts: readonly SystemFact[]): Promise<boolean> {
  const time = await databaseNow(client);
  const events = facts.map((fact) => ({ ...fact, id: newId(), time }));
  try {
    const { replayed } = await appendWithin(client, {
      streams: [{ streamId: SYSTEM_STREAM, expectedVersion: null, events }],
      duringKillSwitch: true,
      ...author,
    });
    return replayed;
  } catch (error) {
    if (error instanceof IdempotencyMismatch) throw new LedgerError('IDEMPOTENCY_KEY_REUSED', {}, { cause: error });
    throw error;
  }
}
