import { decodeProtectedHeader } from 'jose';
import { API_KEY_PREFIX, bareToken, HOLDER_ASSERTION_HEADER } from '#libs/contracts';
import type { ApiRequest } from './api-request.js';

/** What a request brought along, not yet judged. */
export type Credential =
  | { kind: 'password'; password: string }
  | { kind: 'api-key'; secret: string }
  | { kind: 'session'; token: string; assertion?: string }
  | { kind: 'holder'; assertion: string }
  | { kind: 'none' };

const BEARER = /^Bearer +(\S+)$/i;

export function readCredential({ headers }: ApiRequest): Credential {
  const password = headers['x-master-password'];
  if (typeof password === 'string') return { kind: 'password', password };
  const header = headers[HOLDER_ASSERTION_HEADER];
  const assertion = typeof header === 'string' ? header : undefined;
  const bearer = bearerOf(headers);
  if (bearer === undefined) return assertion === undefined ? { kind: 'none' } : { kind: 'holder', assertion };
  if (bearer.startsWith(API_KEY_PREFIX)) return { kind: 'api-key', secret: bearer };
  if (isAssertion(bearer)) return { kind: 'holder', assertion: bearer };
  return { kind: 'session', token: bearer, ...(assertion !== undefined && { assertion }) };
}

/** The token or key of the `Authorization` header, as it was sent. */
export function bearerOf({ authorization }: ApiRequest['headers']): string | undefined {
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
}

/** All tokens of one signing key have the same header: it is read once for many requests. */
let lastHeader = { text: '', isAssertion: false };

/** A holder's assertion in the place of a token: any JWT that does not call itself an access token (RFC 9068). */
function isAssertion(bearer: string): boolean {
  const [text = ''] = bareToken(bearer).split('.', 1);
  if (text !== lastHeader.text) lastHeader = { text, isAssertion: typeOf(text) === 'JWT' };
  return lastHeader.isAssertion;
}

function typeOf(header: string): string | undefined {
  try {
    return decodeProtectedHeader({ protected: header }).typ;
  } catch {
    return undefined;
  }
}
