import type { ClaimedMessage, Member, Outcome } from '#libs/deliveries';

/** Speaks one channel's protocol. Never throws for what the far side does: that is an outcome. */
export interface Sender {
  send(message: ClaimedMessage): Promise<Outcome>;
  /** Text of a message, fixed at its first attempt; null where the event's own text is the message. `now`: epoch milliseconds. */
  render(members: Member[], now: number): unknown;
  /** Messages at once. */
  readonly concurrency: number;
  /** More waiting alerts than this become one message; null never merges. */
  readonly digestAbove: number | null;
  /** Limits that this channel shares with others; the first is paused when the far side says that it is too much. */
  readonly gates: readonly Gate[];
  close(): Promise<void>;
}

export interface Gate {
  name: string;
  capacity: number;
  perSecond: number;
}
