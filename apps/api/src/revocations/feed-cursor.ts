import { LedgerError, uuid } from '#libs/contracts';

/** Where a verifier is: in the sessions that were dead when it began (`heads`), or in the log after that. */
export type FeedCursor =
  { phase: 'heads'; position: number; afterSession: string } | { phase: 'log'; position: number };

export function encodeFeedCursor(cursor: FeedCursor): string {
  const session = cursor.phase === 'heads' ? `:${cursor.afterSession}` : '';
  return Buffer.from(`${cursor.phase}:${cursor.position}${session}`).toString('base64url');
}

/** Throws BAD_REQUEST for a cursor that this server did not make. */
export function decodeFeedCursor(text: string): FeedCursor {
  const [phase, number = '', afterSession] = Buffer.from(text, 'base64url').toString('utf8').split(':');
  const position = /^\d{1,15}$/.test(number) ? Number(number) : NaN;
  if (phase === 'log' && afterSession === undefined && Number.isFinite(position)) return { phase, position };
  if (phase === 'heads' && Number.isFinite(position) && uuid.safeParse(afterSession).success) {
    return { phase, position, afterSession: afterSession as string };
  }
  throw new LedgerError('BAD_REQUEST', { detail: 'cursor: not one of this server; begin without a cursor.' });
}
