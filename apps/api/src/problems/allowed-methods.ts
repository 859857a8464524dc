import type { FastifyInstance } from 'fastify';
import { LedgerError, type Method, ROUTES } from '#libs/contracts';

/** Of answers that are written while their rows are read. */
const STREAMS = new Set(['text/event-stream', 'application/x-ndjson']);

const PATTERNS = ROUTES.map(({ method, path, answers }) => ({
  method,
  isStream: STREAMS.has(answers[200]?.contentType ?? ''),
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`),
}));

/** Methods that this path takes; none when there is no such path. HEAD goes with GET, but for streams. */
export function allowedMethods(url: string): (Method | 'HEAD')[] {
  const path = url.split('?', 1)[0] ?? '';
  const routes = PATTERNS.filter(({ pattern }) => pattern.test(path));
  const hasHead = routes.some(({ method, isStream }) => method === 'GET' && !isStream);
  return [...routes.map(({ method }) => method), ...(hasHead ? (['HEAD'] as const) : [])];
}

/**
 * The framework gives every GET a HEAD. Of a stream it would read all, and updates have no end, for a client that has its answer
 * already. By the route's own path: a URL may spell it otherwise.
 */
export function refuseHeadOfStreams(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ method, routeOptions: { url } }, _reply, done) => {
    const isRefused =
      method === 'HEAD' && PATTERNS.some(({ isStream, pattern }) => isStream && pattern.test(url ?? ''));
    done(isRefused ? new LedgerError('METHOD_NOT_ALLOWED') : undefined);
  });
}
