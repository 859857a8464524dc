import type { Database } from '#libs/database';
import { AppendsTogether } from './append/append-together.js';
import { createHeads } from './heads/heads.js';
import { readLog, readStream } from './read/read.js';
import type { EventStore, Heads } from './types.js';

export interface LedgerOptions {
  /** Called after each committed append: wakes the sequencer earlier. May be lost; must not block or throw. */
  onAppended?: () => void;
}

/** The event store and its write models on PostgreSQL. */
export type Ledger = EventStore & Heads;

/**
 * @example
 * const ledger = createLedger(database);
 * await ledger.append({ streams: [{ streamId: sessionStream(id), expectedVersion: 0, events }], actor, requestId });
 */
export function createLedger(database: Database, { onAppended }: LedgerOptions = {}): Ledger {
  const appends = new AppendsTogether(database);
  return {
    ...createHeads(database),
    async append(request) {
      const result = await appends.append(request);
      if (!result.replayed) onAppended?.();
      return result;
    },
    readStream: (streamId, options) => readStream(database, streamId, options),
    readLog: (options) => readLog(database, options),
  };
}
