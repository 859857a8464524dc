import type { z } from 'zod';
import type { ErrorCode } from '../errors.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Who may call: nobody needs a credential (`none`), a session's token, a holder's assertion, or an owner-side role. `owner` may do all that the others of its side may. */
export type Credential = 'none' | 'session' | 'holder' | 'owner' | 'auditor' | 'resource';

export const AREAS = [
  'Agents',
  'Sessions',
  'Own session',
  'Holders',
  'Audit',
  'Alerts',
  'OAuth',
  'Keys and switches',
  'Operation',
] as const;
export type Area = (typeof AREAS)[number];

export interface Answer {
  description: string;
  /** Absent: no body, or one that is not JSON. */
  schema?: z.ZodType;
  /** Default `application/json`. */
  contentType?: string;
}

/** One row of the HTTP surface. The OpenAPI document, /docs and the tests that walk every route are made from these. */
export interface Route {
  method: Method;
  /** As Fastify writes it, e.g. `/v1/sessions/:id`. */
  path: string;
  area: Area;
  summary: string;
  credentials: readonly Credential[];
  /** Path parameters by name. */
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** The body is form-encoded (OAuth). */
  form?: boolean;
  /** OAuth clients call it: errors are `application/json` and carry RFC 6749's `error` beside the problem's members. */
  oauth?: boolean;
  /** The body may be left out. */
  bodyOptional?: boolean;
  /** `Idempotency-Key` makes a repeated call answer as the first did. */
  idempotent?: boolean;
  answers: Readonly<Record<number, Answer>>;
  /** Its answer is in memory, or says itself what failed: nothing behind it makes an error. */
  fixed?: boolean;
  /** Besides those that every route of its credentials may give. */
  errors?: readonly ErrorCode[];
  /** A request that works, with the ids of `EXAMPLE_IDS`; a test sends it. */
  example?: { params?: Record<string, string>; query?: Record<string, string>; body?: unknown };
}

/** Ids that examples use; the test that runs them puts real ones in their place. */
export const EXAMPLE_IDS = {
  agent: '019a9f3c-0000-7000-8000-0000000000a1',
  session: '019a9f3c-0000-7000-8000-0000000000b1',
  holder: '019a9f3c-0000-7000-8000-0000000000c1',
  channel: '019a9f3c-0000-7000-8000-0000000000d1',
  delivery: '019a9f3c-0000-7000-8000-0000000000e1',
  notification: '019a9f3c-0000-7000-8000-0000000000f1',
  apiKey: '019a9f3c-0000-7000-8000-000000000101',
} as const;

/**
 * Whatever is presented is judged before the route's own rights are asked for: each route that wants a credential may answer all of
 * these, also those of a kind that it would not take.
 */
const CREDENTIAL_ERRORS: readonly ErrorCode[] = [
  'TOKEN_MISSING',
  'TOKEN_INVALID',
  'TOKEN_ALG_NOT_ALLOWED',
  'TOKEN_KEY_UNKNOWN',
  'TOKEN_AUDIENCE_MISMATCH',
  'TOKEN_NOT_YET_VALID',
  'TOKEN_EXPIRED',
  'TOKEN_SUPERSEDED',
  'SESSION_REVOKED',
  'SESSION_EXPIRED',
  'CREDENTIAL_INVALID',
  'HOLDER_ASSERTION_INVALID',
  'FORBIDDEN',
  'KILL_SWITCH_ACTIVE',
];
const BODY_ERRORS: readonly ErrorCode[] = ['BAD_REQUEST', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];
const WORK_ERRORS: readonly ErrorCode[] = ['INTERNAL', 'UPSTREAM_UNAVAILABLE', 'DEADLINE_EXCEEDED'];

/** Every error that a route may answer, each once. */
export function errorsOf(route: Route): ErrorCode[] {
  const { credentials, params, query, method } = route;
  // Where none is needed, a bad credential counts for nothing and is no error.
  const asks = !credentials.includes('none');
  // Where only a session's own token counts, another id than its own is a mismatch, there or not.
  const isOwn = credentials.every((one) => one === 'session');
  return [
    ...new Set([
      ...(asks ? CREDENTIAL_ERRORS : []),
      ...(params || query ? (['BAD_REQUEST'] as const) : []),
      ...(params && !isOwn ? (['NOT_FOUND'] as const) : []),
      ...(method !== 'GET' ? BODY_ERRORS : []),
      ...(route.idempotent ? (['IDEMPOTENCY_KEY_REUSED'] as const) : []),
      ...(route.errors ?? []),
      'TOO_MANY_REQUESTS' as const,
      ...(route.fixed ? [] : WORK_ERRORS),
    ]),
  ];
}
