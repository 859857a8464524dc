import {
  HOLDER_ASSERTION_HEADER,
  parseAnswer,
  routeTo,
  type CloudEvent,
  type HandOverView,
  type List,
  type ReceiptAnswer,
  type ReceiptBody,
  type RouteAnswer,
  type RouteCall,
  type RouteName,
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

interface CallOptions {
  token?: string;
  holder?: HolderIdentity;
  signal?: AbortSignal;
}

/** What every call has at most, whatever its route. */
interface CallParts {
  params?: Record<string, string>;
  query?: Query;
  body?: unknown;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Call<T> extends CallOptions {
  method: string;
  path: string;
  query?: Query;
  body?: unknown;
  parse: (body: unknown) => T;
}

const DEFAULT_TIMEOUT = 10_000;

/** The routes that a session's token or a holder may call, typed by the route table. Stateless but for the clock; never throws. */
export class LedgerApi {
  constructor(private readonly options: LedgerApiOptions) {}

  /** `GET /v1/session`: the session of this token. */
  whoami(token: string, signal?: AbortSignal): Promise<ApiResult<SessionView>> {
    return this.call('GET /v1/session', {}, { token, signal });
  }

  renew(token: string, sessionId: string, holder: HolderIdentity | null): Promise<ApiResult<SessionWithToken>> {
    const params = { id: sessionId };
    return this.call('PUT /v1/sessions/:id/renew', { params }, { token, ...(holder && { holder }) });
  }

  /** The current token of the holder's session, sealed to it. */
  handOver(holder: HolderIdentity): Promise<ApiResult<HandOverView>> {
    return this.call('POST /v1/holders/token', {}, { holder });
  }

  receipt(holder: HolderIdentity, body: ReceiptBody): Promise<ApiResult<ReceiptAnswer>> {
    return this.call('POST /v1/holders/receipts', { body }, { holder });
  }

  events(
    token: string,
    sessionId: string,
    query: EventsQuery,
    signal?: AbortSignal,
  ): Promise<ApiResult<List<CloudEvent>>> {
    const params = { id: sessionId };
    return this.call('GET /v1/sessions/:id/events', { params, query: { ...query } }, { token, signal });
  }

  sessions(
    token: string,
    query: { cursor?: string; limit?: number },
    signal?: AbortSignal,
  ): Promise<ApiResult<List<SessionView>>> {
    return this.call('GET /v1/sessions', { query }, { token, signal });
  }

  private async call<N extends RouteName>(
    name: N,
    parts: RouteCall<N>,
    options: CallOptions,
  ): Promise<ApiResult<RouteAnswer<N>>> {
    const { params, query, body } = parts as CallParts;
    const { route, path } = routeTo(name, params);
    const parse = (answer: unknown) => parseAnswer(name, answer);
    const call = { ...options, method: route.method, path, query, body, parse };
    const first = await this.attempt(call);
    // The refusal carried the server's time: an assertion made with it is right where only the clock was wrong.
    const badAssertion =
      (first.kind === 'expired' || first.kind === 'error') && first.problem.code === 'HOLDER_ASSERTION_INVALID';
    return options.holder && badAssertion ? await this.attempt(call) : first;
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
export function urlOf(baseUrl: string, path: string, query: Query = {}): URL {
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
