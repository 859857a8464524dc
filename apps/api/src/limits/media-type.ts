import type { FastifyInstance } from 'fastify';
import { LedgerError } from '#libs/contracts';

const FORM = /^application\/x-www-form-urlencoded/i;

/** Bodies are JSON. Forms are for the OAuth routes only: a page elsewhere could send one across sites without asking. */
export function limitMediaTypes(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser('text/plain');
  fastify.addHook('onRequest', (request, _reply, done) => {
    const isForm = FORM.test(request.headers['content-type'] ?? '');
    done(isForm && !request.url.startsWith('/oauth/') ? new LedgerError('UNSUPPORTED_MEDIA_TYPE') : undefined);
  });
}
