import type { FastifyInstance } from 'fastify';

/** Gives every list its `Link` header (RFC 8288), for clients that page by it. */
export function linkPages(fastify: FastifyInstance): void {
  fastify.addHook('preSerialization', (request, reply, answer, done) => {
    const links = linksOf(request.url, answer);
    if (links.length > 0) void reply.header('link', links.join(', '));
    done(null, answer);
  });
}

function linksOf(url: string, answer: unknown): string[] {
  const { nextCursor, prevCursor } = (answer ?? {}) as { nextCursor?: unknown; prevCursor?: unknown };
  return [
    ...(typeof nextCursor === 'string' ? [`<${withCursor(url, nextCursor)}>; rel="next"`] : []),
    ...(typeof prevCursor === 'string' ? [`<${withCursor(url, prevCursor)}>; rel="prev"`] : []),
  ];
}

/** Relative to the server, so that it holds behind any proxy. */
function withCursor(url: string, cursor: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}
