import type { HeadKind } from '#libs/contracts';

/** A head that is not what the log says. */
export interface HeadDifference {
  kind: HeadKind;
  /** Id of the session, agent, holder or key; `kill_switch` for the one of its kind. */
  id: string;
  /**
   * Names of the fields that differ. `unknown`: the log knows nothing of it. `missing`: the log knows it, and its head is gone.
   * `unreadable`: its events cannot be folded.
   */
  fields: string[];
}

/** What is wrong with all of it, in place of the names of fields. */
export type WholeFinding = 'unknown' | 'missing' | 'unreadable';

/** Fields of the head that its events tell otherwise. */
export function differingFields(head: object, folded: object | WholeFinding): string[] {
  if (typeof folded === 'string') return [folded];
  const expected = folded as Record<string, unknown>;
  return Object.entries(head)
    .filter(([field, value]) => !isSame(value, expected[field]))
    .map(([field]) => field);
}

/** Whatever the order of keys: jsonb has one of its own. */
function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
