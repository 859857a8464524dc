import { LedgerError } from '#libs/contracts';
import { HEAD_PARTS, type HeadPlace } from '#libs/ledger';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An opaque cursor: the part that is compared, and the id to go on after. */
export function encodeHeadCursor({ part, after }: HeadPlace): string {
  return Buffer.from(`${part}/${after}`).toString('base64url');
}

/** Throws BAD_REQUEST for a cursor that this server did not make. */
export function decodeHeadCursor(cursor: string): HeadPlace {
  const [name, after = '', ...rest] = Buffer.from(cursor, 'base64url').toString('utf8').split('/');
  const part = HEAD_PARTS.find((known) => known === name);
  const takesText = part === 'system' || part === 'streams';
  if (part && rest.length === 0 && (takesText ? !after.includes('\0') : UUID.test(after))) return { part, after };
  throw new LedgerError('BAD_REQUEST', { detail: 'cursor: not one of this server; begin without a cursor.' });
}
