import { parseAnswer, routeTo, type RouteAnswer, type RouteCall, type RouteName } from '#libs/contracts';
import { isProblem, networkReason, ProblemError, ServerUnreachable } from './problem-error.js';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface OwnerHttpOptions {
  /** Where the api listens, e.g. `http://127.0.0.1:3100`. */
  baseUrl: string;
  /** The owner's password, or an API key (`sl_key_…`). */
  credential: string;
  /** Deadline of one request, milliseconds. */
  timeoutMs?: number;
}

export interface CallOptions {
  /** Makes a repeated POST answer as the first one did. */
  idempotencyKey?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
  accept?: string;
}

export interface OwnerRequest extends CallOptions {
  query?: Query;
  body?: unknown;
}

/** What every call has at most, whatever its route. */
interface CallParts {
  params?: Record<string, string>;
  query?: Query;
  body?: unknown;
}

const DEFAULT_TIMEOUT_MS = 15_000;
const API_KEY = /^sl_key_/;

/** Requests with the owner's credential. Throws `ProblemError` or `ServerUnreachable`, nothing else. */
export class OwnerHttp {
  readonly baseUrl: string;

  constructor(private readonly options: OwnerHttpOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, '');
  }

  /** Calls a route by its row of the route table: what it takes and what it answers is known, and the answer is checked. */
  async call<N extends RouteName>(name: N, parts: RouteCall<N>, options: CallOptions = {}): Promise<RouteAnswer<N>> {
    const { params, query, body } = parts as CallParts;
    const { route, path } = routeTo(name, params);
    const answer = await this.json(route.method, path, { ...options, query, body });
    try {
      return parseAnswer(name, answer);
    } catch (error) {
      const reason = `its answer to ${name} is of another version, or something else answers there`;
      throw new ServerUnreachable(this.baseUrl, reason, { cause: error });
    }
  }

  /** Any request, for what the route table does not have. */
  async json(method: string, path: string, request: OwnerRequest = {}): Promise<unknown> {
    const response = await this.send(method, path, request, AbortSignal.timeout(this.timeoutOf(request)));
    return response.status === 204 ? undefined : await this.readJson(response);
  }

  /** The answer as it comes, for exports and event streams: the deadline ends with its headers. */
  async stream<N extends RouteName>(name: N, parts: RouteCall<N>, options: CallOptions = {}): Promise<Response> {
    const { params, query, body } = parts as CallParts;
    const { route, path } = routeTo(name, params);
    const request = { accept: '*/*', ...options, query, body };
    const deadline = new AbortController();
    const abort = () => deadline.abort(new DOMException('timed out', 'TimeoutError'));
    const timer = setTimeout(abort, this.timeoutOf(request));
    try {
      return await this.send(route.method, path, request, deadline.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  private timeoutOf(request: OwnerRequest): number {
    return request.timeoutMs ?? this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  private async send(method: string, path: string, request: OwnerRequest, deadline: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.urlOf(path, request.query), {
        method,
        headers: this.headersOf(request),
        redirect: 'manual',
        signal: request.signal ? AbortSignal.any([deadline, request.signal]) : deadline,
        ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
      });
    } catch (error) {
      throw new ServerUnreachable(this.baseUrl, networkReason(error), { cause: error });
    }
    if (!response.ok) throw await this.problemOf(response);
    return response;
  }

  private urlOf(path: string, query: Query = {}): URL {
    const url = new URL(this.baseUrl + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  private headersOf(request: OwnerRequest): Record<string, string> {
    const { credential } = this.options;
    return {
      accept: request.accept ?? 'application/json',
      ...(API_KEY.test(credential) ? { authorization: `Bearer ${credential}` } : { 'x-master-password': credential }),
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(request.idempotencyKey !== undefined && { 'idempotency-key': request.idempotencyKey }),
    };
  }

  private async problemOf(response: Response): Promise<Error> {
    const body = await this.readJson(response);
    return isProblem(body)
      ? new ProblemError(body)
      : new ServerUnreachable(this.baseUrl, `something else answers there (HTTP ${response.status})`);
  }

  private async readJson(response: Response): Promise<unknown> {
    try {
      return await response.json();
    } catch (error) {
      const reason =
        (error as Error).name === 'SyntaxError'
          ? `something else answers there (HTTP ${response.status}, not JSON)`
          : networkReason(error);
      throw new ServerUnreachable(this.baseUrl, reason, { cause: error });
    }
  }
}
