import { announceExpiringSoon, recordDue, type Caller } from '#libs/commands';
import type { Ledger } from '#libs/ledger';
import { newId } from '#libs/platform';
import type { DueSessionCommands } from './sweep.js';

/** What the notifier records by itself goes through the same commands as what others ask for. */
export function dueSessionCommands(ledger: Ledger): DueSessionCommands {
  const deps = { store: ledger, heads: ledger };
  const caller = (): Caller => ({ actor: 'system', requestId: newId() });
  return {
    announceExpiringSoon: (id, trigger) => announceExpiringSoon(deps, id, trigger, caller()),
    recordDue: (due) => recordDue(deps, due, caller),
  };
}
