import type { SessionView } from '#libs/contracts';
import type { HeldToken } from './held-token.js';
import { renewalTime } from './schedule.js';
import type { ServerClock } from './server-clock.js';
import type { SessionCondition, SessionReason } from './session-status.js';

/** While the server's clock is not known, the own one may be this wrong. Milliseconds. */
const UNKNOWN_CLOCK_MARGIN = 15 * 60_000;
/** Refused tokens that are remembered, so that a dead token in the file is not tried again at every look. */
const REMEMBERED = 16;

export interface Trouble {
  reason: SessionReason;
  detail: string;
}

/** The token in memory and what is known about it. Knows no file and no network. */
export class HeldSession {
  token: HeldToken | null = null;
  /** What the server last said of the session; null until it did. */
  info: SessionView | null = null;
  /** Whether the server said that the token is current, since it was taken. */
  confirmed = false;
  /** When to renew, epoch milliseconds on the server's clock; null: not at all. */
  renewAt: number | null = null;
  /** Why it cannot be renewed any more. */
  finality: Trouble | null = null;
  /** Why renewing fails for now. */
  trouble: Trouble | null = null;
  /** Why there is no usable token. */
  death: Trouble | null = null;
  /** The kill switch is on: nothing is wrong with the session. */
  killSwitch = false;
  /** Another token is being looked for. */
  searching = false;
  private readonly refused: string[] = [];

  constructor(private readonly clock: ServerClock) {}

  /** The token while it is valid, in any state; else null. */
  usable(): HeldToken | null {
    return this.token !== null && this.isUsable(this.token) ? this.token : null;
  }

  /** The token that a call may use: the valid one, or one refused a moment ago while its successor is being looked for. */
  inUse(): HeldToken | null {
    const usable = this.usable();
    if (usable !== null) return usable;
    return this.searching && this.token !== null && !this.hasEnded(this.token) ? this.token : null;
  }

  isUsable(token: HeldToken): boolean {
    return !this.refused.includes(token.token) && !this.hasEnded(token);
  }

  hasEnded(token: HeldToken): boolean {
    const margin = this.clock.known ? 0 : UNKNOWN_CLOCK_MARGIN;
    return this.clock.earliest() >= token.exp * 1000 + margin;
  }

  /** The server answered 401 to this token. */
  refuse(token: HeldToken): void {
    if (this.refused.includes(token.token)) return;
    this.refused.push(token.token);
    if (this.refused.length > REMEMBERED) this.refused.shift();
  }

  /** Refused tokens may be tried again, except that the held one stays refused until the server accepts it. */
  forgetRefusals(): void {
    const held = this.refused.filter((token) => token === this.token?.token);
    this.refused.splice(0, Infinity, ...held);
  }

  /** Whether the first token is to be preferred to the second, as far as the tokens themselves tell. */
  isNewer(first: HeldToken, second: HeldToken): boolean {
    if (this.refused.includes(first.token)) return false;
    return first.sid === second.sid ? first.gen > second.gen : false;
  }

  /**
   * Whether the file's token is usable and to be left where it is instead of being overwritten: a later generation, or another session
   * that was issued later. A hand-over that was answered just before the owner made the new session must not undo what the owner wrote.
   */
  outranks(inFile: HeldToken, ours: HeldToken): boolean {
    if (!this.isUsable(inFile)) return false;
    if (inFile.sid === ours.sid) return inFile.gen > ours.gen;
    // Issued in the same second: session ids are in order of creation.
    return inFile.iat === ours.iat ? inFile.sid > ours.sid : inFile.iat > ours.iat;
  }

  /** Takes a token into memory. `confirmed`: the server just gave it, or just accepted it. */
  take(token: HeldToken, confirmed: boolean): void {
    if (this.token?.sid !== token.sid) this.info = null;
    this.accept(token);
    this.token = token;
    this.confirmed = confirmed;
    this.renewAt = renewalTime(token);
    this.finality = null;
    this.trouble = null;
    this.death = null;
    this.killSwitch = false;
  }

  /** The token is what it was, and the server accepts it. */
  confirm(info?: SessionView): void {
    if (this.token !== null) this.accept(this.token);
    this.info = info ?? this.info;
    this.confirmed = true;
    this.trouble = null;
    this.death = null;
    this.killSwitch = false;
  }

  private accept(token: HeldToken): void {
    const at = this.refused.indexOf(token.token);
    if (at >= 0) this.refused.splice(at, 1);
  }

  condition(): SessionCondition {
    if (this.usable() === null) return this.inUse() === null ? 'expired' : 'error';
    if (this.finality !== null) return 'expiring';
    return this.trouble === null ? 'active' : 'error';
  }

  /** What most needs saying, or null. */
  notice(): Trouble | null {
    if (this.killSwitch) {
      return {
        reason: 'kill_switch',
        detail: 'The owner’s kill switch is on. The token is kept until it is released.',
      };
    }
    if (this.usable() !== null) return this.finality ?? this.trouble;
    if (this.inUse() !== null) {
      return { reason: 'token_refused', detail: 'The token was refused; another is being looked for.' };
    }
    if (this.death !== null) return this.death;
    if (this.trouble !== null && this.token === null) return this.trouble;
    return this.token === null
      ? { reason: 'no_token', detail: 'There is no token yet.' }
      : { reason: 'token_expired', detail: 'The token has expired.' };
  }
}
