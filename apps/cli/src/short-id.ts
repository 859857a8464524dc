import { Failure } from './failure.js';

const SHORTEST = 8;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const PREFIX = /^[0-9a-f]{1,8}(-[0-9a-f]{0,4}(-[0-9a-f]{0,4}(-[0-9a-f]{0,4}(-[0-9a-f]{0,12})?)?)?)?$/;

export function isFullId(text: string): boolean {
  return UUID.test(text);
}

export function isIdPrefix(text: string): boolean {
  return PREFIX.test(text);
}

/**
 * The shortest prefix length, at least eight, at which all ids differ. Ids made within a minute share their first
 * eight digits, so a fixed length would not do.
 */
export function shortIdLength(ids: readonly string[]): number {
  const sorted = [...new Set(ids)].sort();
  let length = SHORTEST;
  for (let index = 1; index < sorted.length; index++) {
    length = Math.max(length, commonLength(sorted[index - 1] ?? '', sorted[index] ?? '') + 1);
  }
  return length;
}

function commonLength(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length++;
  return length;
}

/** Shows ids by their shortest telling prefix among `ids`. */
export function shortener(ids: readonly string[]): (id: string) => string {
  const length = shortIdLength(ids);
  return (id) => id.slice(0, length).replace(/-$/, '');
}

/** The one among `candidates` that `text` means: its id, or the beginning of one. */
export function pick<T extends { id: string }>(
  text: string,
  candidates: readonly T[],
  kind: { one: string; many?: string; listCommand: string },
): T {
  const wanted = text.toLowerCase();
  const matches = wanted === '' ? [] : candidates.filter(({ id }) => id.startsWith(wanted));
  const [match] = matches;
  if (match !== undefined && matches.length === 1) return match;
  if (matches.length === 0) {
    throw new Failure(`there is no ${kind.one} "${text}"`, `See \`${kind.listCommand}\`.`, 'not_found');
  }
  const short = shortener(matches.map(({ id }) => id));
  const list = matches.slice(0, 10).map(({ id }) => short(id));
  throw new Failure(
    `"${text}" means ${matches.length} ${kind.many ?? `${kind.one}s`}: ${list.join(', ')}${matches.length > 10 ? ', …' : ''}`,
    'Give more digits.',
    'ambiguous',
  );
}
