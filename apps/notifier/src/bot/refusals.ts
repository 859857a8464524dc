const WINDOW_MS = 60_000;
const AT_MOST = 20;

/**
 * Which strangers are answered: each chat once a minute, and few in all. More would use up what Telegram lets the bot send, and the
 * owner's commands and alerts would wait behind it.
 */
export class Refusals {
  private readonly answered = new Map<string, number>();

  /** @param now monotonic milliseconds */
  mayAnswer(where: string, now: number): boolean {
    for (const [other, at] of this.answered) if (now - at >= WINDOW_MS) this.answered.delete(other);
    if (this.answered.has(where) || this.answered.size >= AT_MOST) return false;
    this.answered.set(where, now);
    return true;
  }
}
