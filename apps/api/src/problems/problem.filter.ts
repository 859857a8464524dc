import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, NotFoundException } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type ErrorCode, ERRORS, LedgerError, oauthErrorOf, problemOf, ROUTES } from '#libs/contracts';
import { Counter } from '#libs/platform';
import type { ApiContext } from '../api-context.js';
import type { ApiRequest } from '../auth/api-request.js';
import { allowedMethods } from './allowed-methods.js';
import { isRefusal, type RefusedRequest } from './refusal-log.js';

/** Fastify's own refusals, in our words. */
const FASTIFY_ERRORS: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
};
const OAUTH_PATHS = new Set(ROUTES.filter(({ oauth }) => oauth).map(({ path }) => path));
/** PostgreSQL is gone, starting, or out of connections. */
const DATABASE_GONE = /^(08|53|57P0)|^ECONN|^EPIPE|^ENOTFOUND/;
/** SQLSTATE of a full disk; a quota and a limit on the size of files have none of their own. */
const DISK_FULL = '53100';
const NO_ROOM = /: (No space left on device|Disk quota exceeded|File too large)$/;
/** Data exceptions: a value that came past the schemas and that PostgreSQL cannot take. */
const VALUE_REFUSED = /^22/;
/** What the driver says without a code. */
const DATABASE_LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** Renders every error as an RFC 9457 problem. What is not in the table is logged and answered as INTERNAL, without a word of it. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly told: Counter;

  constructor(private readonly context: Pick<ApiContext, 'logger' | 'metrics' | 'refusals'>) {
    this.told = new Counter({
      name: 'ledger_problems_total',
      help: 'Requests answered with an error, by its code',
      labelNames: ['code'],
      registers: [context.metrics],
    });
    for (const code of Object.keys(ERRORS)) this.told.inc({ code }, 0);
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<ApiRequest>();
    const reply = http.getResponse<FastifyReply>();
    const isMethod = error instanceof LedgerError && error.code === 'METHOD_NOT_ALLOWED';
    const methods = isMethod || error instanceof NotFoundException ? allowedMethods(request.url) : [];
    if (methods.length === 0) return this.send(error, request, reply);
    void reply.header('allow', methods.join(', '));
    this.send(isMethod ? error : new LedgerError('METHOD_NOT_ALLOWED', {}, { cause: error }), request, reply);
  }

  send(error: unknown, request: RefusedRequest & Pick<ApiRequest, 'url'>, reply: FastifyReply): void {
    const known = asLedgerError(error);
    this.told.inc({ code: known.code });
    this.log(error, known, request);
    const { id: requestId, url } = request;
    const problem = problemOf(known, requestId);
    const isOAuth = OAUTH_PATHS.has(url.split('?', 1)[0] ?? '');
    const body = JSON.stringify(isOAuth ? { ...problem, ...oauthErrorOf(problem) } : problem);
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (problem.retryAfter !== undefined) void reply.header('retry-after', String(Math.ceil(problem.retryAfter)));
    if (problem.status === 401 || known.code === 'FORBIDDEN') {
      void reply.header('www-authenticate', challengeOf(known.code, problem.title));
    }
    void reply
      .status(problem.status)
      .header('content-type', isOAuth ? 'application/json' : 'application/problem+json')
      .send(body);
  }

  private log(error: unknown, { code, message, cause }: LedgerError, request: RefusedRequest): void {
    const { logger, refusals } = this.context;
    const requestId = request.id;
    if (isRefusal(code)) refusals.tell(code, request);
    else if (ERRORS[code].status >= 500) logger.error({ err: error, requestId, code }, message);
    else if (isRefusedValue(cause)) logger.warn({ err: error, requestId }, 'the database refused a value');
  }
}

/** RFC 6750: no error code where no credential was sent. */
function challengeOf(code: ErrorCode, description: string): string {
  const realm = 'Bearer realm="session-ledger"';
  if (code === 'TOKEN_MISSING') return realm;
  const error = code === 'FORBIDDEN' ? 'insufficient_scope' : 'invalid_token';
  return `${realm}, error="${error}", error_description="${description.replaceAll(/[^\x20-\x7e]|["\\]/g, '')}"`;
}

function asLedgerError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  const cause = { cause: error };
  const { code, statusCode, severity, message } = error as {
    code?: unknown;
    statusCode?: unknown;
    severity?: unknown;
    message?: string;
  };
  if (typeof code === 'string') {
    const known = FASTIFY_ERRORS[code];
    if (known) return new LedgerError(known, {}, cause);
    if (code === DISK_FULL || NO_ROOM.test(message ?? '')) {
      // Without room for its log the server ends: what it was writing then may be there when it is back.
      const outcome = severity === 'PANIC' ? 'Whether this was recorded is not known' : 'Nothing of this was recorded';
      const detail = `The disk of the database is full. ${outcome}: make room there, then repeat it.`;
      return new LedgerError('UPSTREAM_UNAVAILABLE', { detail }, cause);
    }
    if (DATABASE_GONE.test(code)) return new LedgerError('UPSTREAM_UNAVAILABLE', {}, cause);
    if (isRefusedValue(error)) return new LedgerError('BAD_REQUEST', { detail: 'A value cannot be stored.' }, cause);
  }
  if (DATABASE_LOST.test(message ?? '')) {
    return new LedgerError('UPSTREAM_UNAVAILABLE', {}, cause);
  }
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (status === 404) return new LedgerError('NOT_FOUND', {}, cause);
  if (status === 413) return new LedgerError('PAYLOAD_TOO_LARGE', {}, cause);
  if (status === 415) return new LedgerError('UNSUPPORTED_MEDIA_TYPE', {}, cause);
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new LedgerError('BAD_REQUEST', { detail: 'The request is not well-formed.' }, cause);
  }
  return new LedgerError('INTERNAL', {}, cause);
}

function isRefusedValue(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && VALUE_REFUSED.test(code);
}
