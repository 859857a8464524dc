import type { AuditQuery } from '#libs/contracts';
import type { AuditCursor } from '../audit-cursor.js';

/** What a search asks for, and the parameters of the statement that finds it. */
export class SearchTerms {
  readonly values: unknown[] = [];
  /** Exclusive end of the page before, as a condition; and the times asked for. */
  readonly bounds: readonly string[];
  readonly order: string;
  /** One more than the page has, to know whether there is another. */
  readonly limit: string;

  constructor(
    readonly query: Omit<AuditQuery, 'cursor'>,
    /** The only agents to be seen; null: all, also what is of no agent. */
    readonly agents: readonly string[] | null,
    readonly cursor: AuditCursor | null,
  ) {
    const direction = cursor?.direction === 'newer' ? 'asc' : 'desc';
    this.order = `order by occurred_at ${direction}, position ${direction}`;
    this.limit = `limit ${query.limit + 1}`;
    this.bounds = [
      ...(query.from === undefined ? [] : [`occurred_at >= ${this.place(query.from)}::timestamptz`]),
      ...(query.to === undefined ? [] : [`occurred_at < ${this.place(query.to)}::timestamptz`]),
      ...(cursor === null
        ? []
        : [this.beyond(`(${this.place(cursor.time)}::timestamptz, ${this.place(cursor.position)}::bigint)`)]),
    ];
  }

  /** What comes after a time and position in the order of the search. */
  beyond(edge: string): string {
    return `(occurred_at, position) ${this.cursor?.direction === 'newer' ? '>' : '<'} ${edge}`;
  }

  /** The placeholder of a new parameter. */
  place(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

export function whereAll(...conditions: readonly string[]): string {
  return conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
}
