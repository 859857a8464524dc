import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LedgerError } from '#libs/contracts';
import { BODY_LIMIT } from './server-limits.js';

const FORM = /^application\/x-www-form-urlencoded/i;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i;
/** ASCII is UTF-8. */
const UTF8 = /^(utf-?8|us-ascii)$/i;

/**
 * Bodies are JSON in UTF-8, as they are. Forms are for the OAuth routes only: a page elsewhere could send one across sites without
 * asking. An empty body is none, whatever type it claims.
 */
export function limitMediaTypes(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser('text/plain');
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  app.useBodyParser('application/json', { bodyLimit: BODY_LIMIT }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parseJson(request as unknown as FastifyRequest, body as unknown as string, done);
  });
  fastify.addHook('onRequest', (request, reply, done) => done(refusalOf(request, reply)));
}

function refusalOf({ headers, method, url }: FastifyRequest, reply: FastifyReply): LedgerError | undefined {
  // Nobody reads a body there, whatever it says of itself.
  if (method === 'GET' || method === 'HEAD') return undefined;
  const type = headers['content-type'] ?? '';
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding.toLowerCase() !== 'identity') {
    // RFC 9110, 15.5.16: so the client knows that it was the coding.
    void reply.header('accept-encoding', 'identity');
    return refusal('A content coding is not understood: send the body as it is.');
  }
  const charset = CHARSET.exec(type)?.[1];
  if (charset !== undefined && !UTF8.test(charset)) return refusal('The body must be UTF-8.');
  return FORM.test(type) && !url.startsWith('/oauth/') ? refusal() : undefined;
}

function refusal(detail?: string): LedgerError {
  return new LedgerError('UNSUPPORTED_MEDIA_TYPE', detail === undefined ? {} : { detail });
}
