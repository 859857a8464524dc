import { ERRORS, type ErrorCode, type Problem } from './errors.js';

/** Members of an error answer as RFC 6749 §5.2 has them. */
export interface OAuthError {
  error: string;
  error_description: string;
}

/** What ended the grant, not the client's own credential. */
const ENDED_GRANT: ReadonlySet<ErrorCode> = new Set(['SESSION_REVOKED', 'SESSION_EXPIRED']);
/** Characters that the RFC allows in a description. */
const NOT_ALLOWED = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/g;

/** A problem as an OAuth client reads it; stands beside the problem's own members. */
export function oauthErrorOf({ code, title, detail }: Problem): OAuthError {
  const description = (detail ?? title).replaceAll('’', "'").replaceAll(NOT_ALLOWED, '');
  return { error: errorNameOf(code), error_description: description };
}

function errorNameOf(code: ErrorCode): string {
  if (ENDED_GRANT.has(code)) return 'invalid_grant';
  const { status } = ERRORS[code];
  if (status === 401) return 'invalid_client';
  if (status === 403) return 'unauthorized_client';
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}
