import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { type ErrorCode, ERRORS, LedgerError, problemOf } from '#libs/contracts';
import { type Logger } from '#libs/platform';
import { type ApiRequest } from '../auth/api-request.js';

/** Fastify's own refusals, in our words. */
const FASTIFY_ERRORS: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
};
/** PostgreSQL is gone, starting, or out of connections. */
const DATABASE_GONE = /^(08|53|57P0)|^ECONN|^EPIPE|^ENOTFOUND/;

/** Renders every error as an RFC 9457 problem. What is not in the table is logged and answered as INTERNAL, without a word of it. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<ApiRequest>();
    this.send(error, request.id, http.getResponse<FastifyReply>());
  }

  send(error: unknown, requestId: string, reply: FastifyReply): void {
    const known = asLedgerError(error);
    if (ERRORS[known.code].status >= 500) this.logger.error({ err: error, requestId, code: known.code }, known.message);
    const problem = problemOf(known, requestId);
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (problem.retryAfter !== undefined) void reply.header('retry-after', String(Math.ceil(problem.retryAfter)));
    if (problem.status === 401 || known.code === 'FORBIDDEN') {
      void reply.header('www-authenticate', challengeOf(known.code, problem.title));
    }
    void reply.status(problem.status).header('content-type', 'application/problem+json').send(JSON.stringify(problem));
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
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: string };
  if (typeof code === 'string') {
    const known = FASTIFY_ERRORS[code];
    if (known) return new LedgerError(known, {}, cause);
    if (DATABASE_GONE.test(code)) return new LedgerError('UPSTREAM_UNAVAILABLE', {}, cause);
  }
  if (message?.includes('timeout exceeded when trying to connect')) {
    return new LedgerError('UPSTREAM_UNAVAILABLE', {}, cause);
  }
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (status === 404) return new LedgerError('NOT_FOUND', {}, cause);
  if (status === 405) return new LedgerError('METHOD_NOT_ALLOWED', {}, cause);
  if (status === 413) return new LedgerError('PAYLOAD_TOO_LARGE', {}, cause);
  if (status === 415) return new LedgerError('UNSUPPORTED_MEDIA_TYPE', {}, cause);
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new LedgerError('BAD_REQUEST', { detail: 'The request is not well-formed.' }, cause);
  }
  return new LedgerError('INTERNAL', {}, cause);
}
