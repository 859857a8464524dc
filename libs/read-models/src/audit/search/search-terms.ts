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
  /** The search goes from older events to newer ones. */
  readonly isForward: boolean;
  readonly direction: 'asc' | 'desc';
  private readonly from: string | null;
  private readonly to: string | null;
  /** Time of the cursor. */
  private readonly edge: string | null;

  constructor(
    readonly query: Omit<AuditQuery, 'cursor'>,
    /** The only agents to be seen; null: all, also what is of no agent. */
    readonly agents: readonly string[] | null,
    cursor: AuditCursor | null,
  ) {
    this.isForward = cursor?.direction === 'newer';
    this.direction = this.isForward ? 'asc' : 'desc';
    this.order = `order by occurred_at ${this.direction}, position ${this.direction}`;
    this.limit = `limit ${query.limit + 1}`;
    this.from = this.placeTime(query.from);
    this.to = this.placeTime(query.to);
    this.edge = this.placeTime(cursor?.time);
    this.bounds = [
      ...(this.from === null ? [] : [`occurred_at >= ${this.from}`]),
      ...(this.to === null ? [] : [`occurred_at < ${this.to}`]),
      ...(cursor === null
        ? []
        : [
            `(occurred_at, position) ${this.isForward ? '>' : '<'} (${this.edge}, ${this.place(cursor.position)}::bigint)`,
          ]),
    ];
  }

  /** Events between these two times may be within the bounds. */
  mayHold(first: string, last: string): string[] {
    const edge = this.isForward ? `${last} >= ${this.edge}` : `${first} <= ${this.edge}`;
    return [
      ...(this.from === null ? [] : [`${last} >= ${this.from}`]),
      ...(this.to === null ? [] : [`${first} < ${this.to}`]),
      ...(this.edge === null ? [] : [edge]),
    ];
  }

  /** Events between these two times are all within the bounds. */
  holds(first: string, last: string): string[] {
    const edge = this.isForward ? `${first} > ${this.edge}` : `${last} < ${this.edge}`;
    return [
      ...(this.from === null ? [] : [`${first} >= ${this.from}`]),
      ...(this.to === null ? [] : [`${last} < ${this.to}`]),
      ...(this.edge === null ? [] : [edge]),
    ];
  }

  /** The placeholder of a new parameter. */
  place(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  private placeTime(time: string | undefined): string | null {
    return time === undefined ? null : `${this.place(time)}::timestamptz`;
  }
}

export function whereAll(...conditions: readonly string[]): string {
  return conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
}
