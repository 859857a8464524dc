import { LedgerError } from '#libs/contracts';

/** An opaque cursor: the key of the row to go on after, and the direction. */
export interface Cursor {
  direction: 'next' | 'prev';
  key: string;
}

export function encodeCursor({ direction, key }: Cursor): string {
  return Buffer.from(`${direction}:${key}`).toString('base64url');
}

/** Throws BAD_REQUEST for a cursor that this server did not make. `key` is checked by `valid`. */
export function decodeCursor(cursor: string | undefined, valid: (key: string) => boolean): Cursor | null {
  if (cursor === undefined) return null;
  const [direction, key = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(':', 2);
  if ((direction === 'next' || direction === 'prev') && valid(key)) return { direction, key };
  throw new LedgerError('BAD_REQUEST', { detail: 'cursor: not one of this server; begin without a cursor.' });
}
