/** What can be wrong with a log, by name. */
export type FindingCode =
  /** The event's own fields do not give its leaf: its payload or another field was changed. */
  | 'LEAF_DIFFERS'
  /** A position is missing, repeated or out of order: an event was removed, inserted or moved. */
  | 'POSITION_NOT_DENSE'
  /** A stream's versions do not follow one another: one of its events was removed, inserted, swapped or moved. */
  | 'VERSION_NOT_DENSE'
  /** Time goes back within a stream. */
  | 'TIME_GOES_BACK'
  /** The events do not give the root that was signed for them: at least one was changed, removed, inserted or moved. */
  | 'ROOT_DIFFERS'
  /** A signed checkpoint covers more events than there are: the tail was cut. */
  | 'TAIL_CUT'
  /** A checkpoint bears no signature of a known key: it was signed with another key, or altered. */
  | 'SIGNATURE_UNKNOWN'
  /** A checkpoint that was kept elsewhere disagrees with this log: the history was rewritten and signed again. */
  | 'WITNESS_DIFFERS'
  /** The event cannot be hashed: its type, time or data is none that this version knows. */
  | 'EVENT_UNREADABLE';

export interface Finding {
  code: FindingCode;
  /** Where it was found; with ROOT_DIFFERS and WITNESS_DIFFERS the last position that may be affected. */
  position?: number;
  /** First position that may be affected, where a range is all that can be said. */
  from?: number;
  streamId?: string;
  message: string;
}

/** Findings, but no more than a reader can use. */
export class FindingList {
  readonly items: Finding[] = [];
  private dropped = 0;

  constructor(private readonly most = 1_000) {}

  add(finding: Finding): void {
    if (this.items.length < this.most) this.items.push(finding);
    else this.dropped += 1;
  }

  get count(): number {
    return this.items.length + this.dropped;
  }
}
