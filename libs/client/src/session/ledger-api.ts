import {
  cloudEvent,
  handOverView,
  HOLDER_ASSERTION_HEADER,
  listOf,
  sessionView,
  sessionWithToken,
  type CloudEvent,
  type HandOverView,
  type List,
  type ReceiptBody,
  type SessionView,
  type SessionWithToken,
} from '#libs/contracts';
import { resultOf, type ApiResult } from '../http/api-result.js';
import { RequestFailed, sendRequest, type HttpAnswer } from '../http/send-request.js';
import type { HolderIdentity } from '../holder/holder-identity.js';
import type { ServerClock } from './server-clock.js';

export interface LedgerApiOptions {
  /** Where the api listens; read at each request, for the server may come back elsewhere. */
  baseUrl: () => string;
  clock: ServerClock;
  /** Deadline of one request, milliseconds (default 10 s). */
  timeoutMs?: number;
}

/** Which of a session's events; oldest first unless told otherwise. */
export interface EventsQuery {
  cursor?: string;
  limit?: number;
  order?: 'oldest' | 'newest';
}

interface Call<T> {
  method: string;
  path: string;
  token?: string;
  holder?: HolderIdentity;
  body?: unknown;
  query?: Record<string, string | number | undefined>;
  parse: (body: unknown) => T;
  signal?: AbortSignal;
}

const DEFAULT_TIMEOUT = 10_000;
const events = listOf(cloudEvent);
const sessions = listOf(sessionView);

/** The routes that a session's token or a holder may call. Stateless but for the clock; never throws. */
export class LedgerApi {
  constructor(private readonly options: LedgerApiOptions) {}

  /** `GET /v1/session`: the session of this token. */
  whoami(token: string, signal?: AbortSignal): Promise<ApiResult<SessionView>> {
    return this.call({
      method: 'GET',
      path: '/v1/session',
      token,
      parse: sessionView.parse,
      ...(signal && { signal }),
    });
  }

  renew(token: string, sessionId: string, holder: HolderIdentity | null): Promise<ApiResult<SessionWithToken>> {
    const path = `/v1/sessions/${sessionId}/renew`;
    return this.call({ method: 'PUT', path, token, ...(holder && { holder }), parse: sessionWithToken.parse });
  }

  /** The current token of the holder's session, sealed to it. */
  handOver(holder: HolderIdentity): Promise<ApiResult<HandOverView>> {
    return this.call({ method: 'POST', path: '/v1/holders/token', holder, parse: handOverView.parse });
  }

  receipt(holder: HolderIdentity, body: ReceiptBody): Promise<ApiResult<unknown>> {
    return this.call({ method: 'POST', path: '/v1/holders/receipts', holder, body, parse: (answer) => answer });
  }

  events(
    token: string,
    sessionId: string,
    query: EventsQuery,
    signal?: AbortSignal,
  ): Promise<ApiResult<List<CloudEvent>>> {
    const path = `/v1/sessions/${sessionId}/events`;
    return this.call({
      method: 'GET',
      path,
      token,
      query: { ...query },
      parse: events.parse,
      ...(signal && { signal }),
    });
  }

  sessions(
    token: string,
    query: { cursor?: string; limit?: number },
    signal?: AbortSignal,
  ): Promise<ApiResult<List<SessionView>>> {
    return this.call({
      method: 'GET',
      path: '/v1/sessions',
      token,
      query,
      parse: sessions.parse,
      ...(signal && { signal }),
    });
  }

  private async call<T>(call: Call<T>): Promise<ApiResult<T>> {
    const first = await this.attempt(call);
    // The refusal carried the server's time: an assertion made with it is right where only the clock was wrong.
    const badAssertion =
      (first.kind === 'expired' || first.kind === 'error') && first.problem.code === 'HOLDER_ASSERTION_INVALID';
    return call.holder && badAssertion ? await this.attempt(call) : first;
  }

  private async attempt<T>(call: Call<T>): Promise<ApiResult<T>> {
    let answer: HttpAnswer;
    try {
      answer = await this.send(call);
    } catch (error) {
      return { kind: 'networkError', reason: error instanceof RequestFailed ? error.message : reasonOf(error) };
    }
    this.options.clock.observe(answer.headers.date, answer.sentAt, answer.receivedAt);
    return resultOf(answer, call.parse);
  }

  private async send<T>(call: Call<T>): Promise<HttpAnswer> {
    const url = urlOf(this.options.baseUrl(), call.path, call.query);
    const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
    if (call.token !== undefined) headers['authorization'] = `Bearer ${call.token}`;
    if (call.holder) {
      const now = this.options.clock.now() / 1000;
      headers[HOLDER_ASSERTION_HEADER] = await call.holder.assertion(call.method, url.pathname, now);
    }
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    return await sendRequest(url, {
      method: call.method,
      headers,
      timeoutMs: this.options.timeoutMs ?? DEFAULT_TIMEOUT,
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      ...(call.signal && { signal: call.signal }),
    });
  }
}

/** An absolute URL of the api. Throws RequestFailed when the configured base is no URL. */
export function urlOf(baseUrl: string, path: string, query: Record<string, string | number | undefined> = {}): URL {
  let url: URL;
  try {
    url = new URL(baseUrl.replace(/\/+$/, '') + path);
  } catch {
    throw new RequestFailed('the server address is no URL; check --base-url or LEDGER_BASE_URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new RequestFailed('the server address must begin with http:// or https://');
  }
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.name : 'request failed';
}
