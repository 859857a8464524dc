import { isDeepStrictEqual } from 'node:util';
import { ERRORS, oauthErrorOf, type Problem, type Route } from '#libs/contracts';
import { admitted, goodBodyOf, goodPathOf, type RouteWorld } from '../route-world.js';
import type { RunningApi } from '../running-api.js';

/** What differs from a request that the route carries out. */
export interface Shot {
  /** Another instance. */
  url?: string;
  path?: string;
  query?: string;
  headers?: Record<string, string>;
  body?: string;
  media?: string;
}

/** The request that the route carries out, but for what the shot changes. */
export async function send(api: RunningApi, route: Route, world: RouteWorld, shot: Shot): Promise<Response> {
  const path = shot.path ?? goodPathOf(route, world);
  const hasBody = route.method !== 'GET' && (route.body !== undefined || shot.body !== undefined);
  const media = shot.media ?? (route.form ? 'application/x-www-form-urlencoded' : 'application/json');
  const headers = shot.headers ?? (await admitted(api, route, path, world));
  return fetch(`${shot.url ?? api.url}${path}${shot.query ?? queryOf(route, world)}`, {
    method: route.method,
    headers: { ...headers, ...(hasBody && { 'content-type': media }) },
    ...(hasBody && { body: shot.body ?? textOf(route, goodBodyOf(route, world)) }),
    signal: AbortSignal.timeout(110_000),
  });
}

function textOf(route: Route, body: object): string {
  return route.form ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body);
}

function queryOf({ example }: Route, { real }: RouteWorld): string {
  return example?.query ? `?${new URLSearchParams(real(example.query)).toString()}` : '';
}

/** The code of a refusal that is whole: its row of the table, as a problem of RFC 9457. Else what is wrong with it. */
export async function codeOf(response: Response, route: Route): Promise<string> {
  const { status, headers } = response;
  if (status < 400) {
    await response.body?.cancel();
    return `status ${status}`;
  }
  const text = await response.text();
  const media = route.oauth ? 'application/json' : 'application/problem+json';
  if (!headers.get('content-type')?.startsWith(media)) return `${status} as ${headers.get('content-type')}: ${text}`;
  const problem = JSON.parse(text) as Problem;
  const { code } = problem;
  const { title, retryable, hint } = ERRORS[code];
  const whole = {
    type: `urn:session-ledger:error:${code.toLowerCase().replaceAll('_', '-')}`,
    ...{ title, status: ERRORS[code].status, code, retryable, hint, requestId: headers.get('x-request-id') },
    ...(route.oauth && oauthErrorOf(problem)),
  };
  const isWhole = status === ERRORS[code].status && isDeepStrictEqual({ ...problem, ...whole }, problem);
  const lacking = HEADERS_OF[status]?.find((name) => !headers.has(name));
  if (lacking !== undefined) return `${code} without ${lacking}`;
  return isWhole ? code : `${status} ${text}`;
}

/** What an answer of a status must carry besides. */
const HEADERS_OF: Partial<Record<number, readonly string[]>> = { 401: ['www-authenticate'], 429: ['retry-after'] };
