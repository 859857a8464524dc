/** The one table of errors: responses, the OpenAPI document and the client's types are made from it. */
export const ERRORS = {
  BAD_REQUEST: {
    status: 400,
    title: 'The request is not understood',
    retryable: false,
    hint: 'See `errors` for the fields that are wrong.',
  },
  RENEWAL_TOO_EARLY: {
    status: 400,
    title: 'Less than half of the token’s life has passed',
    retryable: true,
    hint: 'Keep using the current token and renew after `retryAfter` seconds.',
  },
  TTL_EXCEEDS_ABSOLUTE_LIFETIME: {
    status: 400,
    title: 'expiresIn is longer than the session may live',
    retryable: false,
    hint: 'Ask for a shorter expiresIn or a longer absoluteLifetime.',
  },
  TOKEN_MISSING: {
    status: 401,
    title: 'No credential was presented',
    retryable: false,
    hint: 'Send `Authorization: Bearer <token>`, or the owner credential in `X-Master-Password`.',
  },
  TOKEN_INVALID: {
    status: 401,
    title: 'The token is not one of ours',
    retryable: false,
    hint: 'Check that the whole token was copied and that it belongs to this server.',
  },
  TOKEN_ALG_NOT_ALLOWED: {
    status: 401,
    title: 'The token’s algorithm is not allowed',
    retryable: false,
    hint: 'Tokens are signed with EdDSA (Ed25519) only.',
  },
  TOKEN_KEY_UNKNOWN: {
    status: 401,
    title: 'The token’s key is not known',
    retryable: false,
    hint: 'The token belongs to another server or its key was revoked; ask the owner for a new session.',
  },
  TOKEN_AUDIENCE_MISMATCH: {
    status: 401,
    title: 'The token is for another audience or issuer',
    retryable: false,
    hint: 'Check LEDGER_ISSUER and the agent’s audiences.',
  },
  TOKEN_NOT_YET_VALID: {
    status: 401,
    title: 'The token is not valid yet',
    retryable: true,
    hint: 'A clock is wrong: compare this answer’s Date with your own.',
  },
  TOKEN_EXPIRED: {
    status: 401,
    title: 'The token has expired',
    retryable: false,
    hint: 'Ask the hand-over for the current token, or run `sledger mcp refresh-token`.',
  },
  TOKEN_SUPERSEDED: {
    status: 401,
    title: 'A newer token of this session exists',
    retryable: true,
    hint: 'Read the token file again or ask the hand-over; this token stays dead.',
  },
  SESSION_REVOKED: {
    status: 401,
    title: 'The session was revoked',
    retryable: false,
    hint: 'See `sledger explain <session>`; a new session is needed: `sledger mcp refresh-token`.',
  },
  SESSION_EXPIRED: {
    status: 401,
    title: 'The session has ended',
    retryable: false,
    hint: 'A new session is needed: `sledger mcp refresh-token`.',
  },
  CREDENTIAL_INVALID: {
    status: 401,
    title: 'The owner credential is wrong',
    retryable: false,
    hint: 'The password is in the file `owner-key` of the data directory.',
  },
  HOLDER_ASSERTION_INVALID: {
    status: 401,
    title: 'The holder’s assertion is not accepted',
    retryable: true,
    hint: 'Sign it for this method, URL and server time (see Date), once each.',
  },
  FORBIDDEN: {
    status: 403,
    title: 'This credential may not do that',
    retryable: false,
    hint: 'See the table of routes and credentials in /docs.',
  },
  SESSION_RENEWAL_MISMATCH: {
    status: 403,
    title: 'The token belongs to another session',
    retryable: false,
    hint: 'Renew a session with its own token.',
  },
  HOLDER_REQUIRED: {
    status: 403,
    title: 'This session is renewed only by its holders',
    retryable: false,
    hint: 'Register this installation with `sledger mcp setup`.',
  },
  RENEWAL_LIMIT_REACHED: {
    status: 403,
    title: 'No renewals are left',
    retryable: false,
    hint: 'The token stays valid until it expires; then run `sledger mcp refresh-token`.',
  },
  SESSION_ABSOLUTE_LIFETIME_EXCEEDED: {
    status: 403,
    title: 'A new token would outlive the session',
    retryable: false,
    hint: 'The token stays valid until it expires; then run `sledger mcp refresh-token`.',
  },
  AGENT_DISABLED: {
    status: 403,
    title: 'The agent is disabled',
    retryable: false,
    hint: 'The owner can enable it: PATCH /v1/agents/:id {"enabled": true}.',
  },
  NOT_FOUND: { status: 404, title: 'There is no such thing here', retryable: false, hint: 'Check the id.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'This route has no such method',
    retryable: false,
    hint: 'See `Allow`, or /docs.',
  },
  RENEWAL_CONFLICT: {
    status: 409,
    title: 'Somebody else renewed first',
    retryable: false,
    hint: 'Take the current token from the file or the hand-over.',
  },
  VERSION_CONFLICT: {
    status: 409,
    title: 'The session changed in between',
    retryable: true,
    hint: 'Read it again and decide again.',
  },
  NAME_TAKEN: { status: 409, title: 'The name is taken', retryable: false, hint: 'Choose another name.' },
  SESSION_ENDED: {
    status: 409,
    title: 'The session has ended',
    retryable: false,
    hint: 'Create a new session.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 409,
    title: 'This Idempotency-Key was used for another request',
    retryable: false,
    hint: 'Use a new key for a new request.',
  },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The request is too large', retryable: false, hint: 'At most 64 KiB.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The body is of a type that is not understood',
    retryable: false,
    hint: 'Send application/json in UTF-8, not compressed; /oauth routes also take application/x-www-form-urlencoded.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: 'Too many requests',
    retryable: true,
    hint: 'Wait for `Retry-After` seconds.',
  },
  INTERNAL: {
    status: 500,
    title: 'The server failed',
    retryable: true,
    hint: 'The log names the cause under this requestId.',
  },
  UPSTREAM_UNAVAILABLE: {
    status: 503,
    title: 'The ledger’s database cannot be reached',
    retryable: true,
    hint: 'Try again in a moment. A change that was under way may have been made: repeat it with the same Idempotency-Key.',
  },
  DEADLINE_EXCEEDED: {
    status: 503,
    title: 'The server took too long',
    retryable: true,
    hint: 'It may have been done all the same: repeat with the same Idempotency-Key, or read before you decide.',
  },
  KILL_SWITCH_ACTIVE: {
    status: 503,
    title: 'The kill switch is on',
    retryable: true,
    hint: 'Keep the token and try again later; the owner releases it with `sledger kill-switch off`.',
  },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean; hint: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** RFC 9457 problem with the ledger's members. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code: ErrorCode;
  retryable: boolean;
  hint: string;
  requestId: string;
  /** Seconds; with RENEWAL_TOO_EARLY and TOO_MANY_REQUESTS. */
  retryAfter?: number;
  /** With RENEWAL_CONFLICT. */
  currentGeneration?: number;
  /** Field problems; with BAD_REQUEST. */
  errors?: { path: string; message: string }[];
}

/** Members of a problem that depend on the occurrence. */
export type ProblemDetails = Pick<Problem, 'detail' | 'retryAfter' | 'currentGeneration' | 'errors'>;

/** An error of the table, thrown where it is found and rendered only at the edge. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';

  constructor(
    readonly code: ErrorCode,
    readonly details: ProblemDetails = {},
    options?: ErrorOptions,
  ) {
    super(details.detail ?? ERRORS[code].title, options);
  }
}

export function problemOf(error: LedgerError, requestId: string): Problem {
  const { status, title, retryable, hint } = ERRORS[error.code];
  return {
    type: `urn:session-ledger:error:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    code: error.code,
    retryable,
    hint,
    requestId,
    ...error.details,
  };
}
