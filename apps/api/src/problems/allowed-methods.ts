import type { FastifyRequest } from 'fastify';
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
 * For the routes that answer a stream: the framework gives every GET a HEAD, and would read the stream to its end, which updates
 * do not have, for a client that has its answer already.
 */
export function refuseHead({ method }: Pick<FastifyRequest, 'method'>): void {
  if (method === 'HEAD') throw new LedgerError('METHOD_NOT_ALLOWED');
}
