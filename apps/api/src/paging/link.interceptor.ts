import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Observable, tap } from 'rxjs';
import type { ApiRequest } from '../auth/api-request.js';

/** Gives every list its `Link` header (RFC 8288), for clients that page by it. */
@Injectable()
export class LinkInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = execution.switchToHttp();
    const { url } = http.getRequest<ApiRequest>();
    return next.handle().pipe(
      tap((answer: unknown) => {
        const links = linksOf(url, answer);
        if (links.length > 0) void http.getResponse<FastifyReply>().header('link', links.join(', '));
      }),
    );
  }
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
