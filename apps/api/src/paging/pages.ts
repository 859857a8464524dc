import type { List } from '#libs/contracts';
import { type Cursor, decodeCursor, encodeCursor } from '../validation/cursor.js';

export interface PageEdge<T> {
  limit: number;
  /** Where the page begins; null at the list's beginning. */
  edge: Cursor | null;
  keyOf: (item: T) => string;
}

/** A page of what was read from its edge on: `found` goes away from the edge and has one more than the page if there is more. */
export function pageOf<T>(found: readonly T[], { limit, edge, keyOf }: PageEdge<T>): List<T> {
  const isBack = edge?.direction === 'prev';
  const hasMore = found.length > limit;
  const items = found.slice(0, limit);
  if (isBack) items.reverse();
  const [first, last] = [items.at(0), items.at(-1)];
  const hasNext = isBack || hasMore;
  const hasPrev = isBack ? hasMore : edge !== null;
  return {
    items,
    nextCursor: hasNext && last ? encodeCursor({ direction: 'next', key: keyOf(last) }) : null,
    prevCursor: hasPrev && first ? encodeCursor({ direction: 'prev', key: keyOf(first) }) : null,
  };
}

export interface WholeList<T> {
  cursor?: string | undefined;
  limit: number;
  /** The list's order, as texts that sort so. */
  keyOf: (item: T) => string;
  order: 'ascending' | 'descending';
  valid: (key: string) => boolean;
}

/** A page of a list that is short enough to be read whole. */
export function pageOfAll<T>(all: readonly T[], { cursor, limit, keyOf, order, valid }: WholeList<T>): List<T> {
  const edge = decodeCursor(cursor, valid);
  const upwards = (order === 'ascending') !== (edge?.direction === 'prev');
  const sorted = [...all].sort((a, b) => (keyOf(a) < keyOf(b) === upwards ? -1 : 1));
  const beyond =
    edge === null ? sorted : sorted.filter((item) => keyOf(item) !== edge.key && keyOf(item) > edge.key === upwards);
  return pageOf(beyond.slice(0, limit + 1), { limit, edge, keyOf });
}
