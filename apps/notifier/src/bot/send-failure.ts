import { BotError, GrammyError, HttpError } from 'grammy';

/** What a failed call to Telegram, or to our own store, means for the update that was being handled. */
export type SendFailure =
  /** Try the update again after this many milliseconds. */
  | { kind: 'later'; waitMs: number; reason: string }
  /** The token is not accepted any more. */
  | { kind: 'credentials'; reason: string }
  /** Somebody else polls this bot. */
  | { kind: 'conflict'; reason: string }
  /** No later attempt can succeed: the user blocked the bot, the message is gone. */
  | { kind: 'final'; reason: string };

const SOON_MS = 1000;
/** Telegram may ask for hours; an operator's command is not worth waiting so long in one go. */
const LONGEST_WAIT_MS = 600_000;

export function sendFailureOf(thrown: unknown): SendFailure {
  const error = thrown instanceof BotError ? thrown.error : thrown;
  if (error instanceof GrammyError) return ofAnswer(error);
  // grammY's message would name the URL, and the URL holds the token.
  if (error instanceof HttpError) return { kind: 'later', waitMs: SOON_MS, reason: 'Telegram cannot be reached' };
  return { kind: 'later', waitMs: SOON_MS, reason: error instanceof Error ? error.message : String(error) };
}

function ofAnswer({ error_code: code, description, parameters }: GrammyError): SendFailure {
  const reason = `${code}: ${description}`;
  if (code === 429) {
    const waitMs = Math.min(LONGEST_WAIT_MS, (parameters.retry_after ?? 1) * 1000);
    return { kind: 'later', waitMs, reason };
  }
  if (code === 401 || code === 404) return { kind: 'credentials', reason };
  if (code === 409) return { kind: 'conflict', reason };
  if (code >= 500) return { kind: 'later', waitMs: SOON_MS, reason };
  return { kind: 'final', reason };
}
