import { LedgerError } from '#libs/contracts';
import {
  IdempotencyMismatch,
  KillSwitchActive,
  NameTaken,
  SigningKeyRevoked,
  VersionConflict,
  type AppendRequest,
  type AppendResult,
  type EventStore,
} from '#libs/ledger';
import type { KeyRing } from '#libs/tokens';

/** Races that a command decides again before it gives up; each lost race means that somebody else made progress. */
const ATTEMPTS = 64;

/** Appends; the store's refusals become errors of the table. A lost race stays a `VersionConflict`. */
export async function append(store: EventStore, request: AppendRequest): Promise<AppendResult> {
  try {
    return await store.append(request);
  } catch (error) {
    if (error instanceof KillSwitchActive) throw new LedgerError('KILL_SWITCH_ACTIVE', {}, { cause: error });
    if (error instanceof IdempotencyMismatch) throw new LedgerError('IDEMPOTENCY_KEY_REUSED', {}, { cause: error });
    if (error instanceof NameTaken) throw new LedgerError('NAME_TAKEN', {}, { cause: error });
    throw error;
  }
}

/** Loads and decides again as long as the decision loses a race that may not concern it. `keys` is for decisions that sign. */
export async function decideAgain<T>(decide: (attempt: number) => Promise<T>, keys?: KeyRing): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await decide(attempt);
    } catch (error) {
      if (error instanceof SigningKeyRevoked && keys) await keys.reload();
      else if (!(error instanceof VersionConflict)) throw error;
      if (attempt >= ATTEMPTS) throw new LedgerError('VERSION_CONFLICT', {}, { cause: error });
    }
  }
}
