import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NestLogger, newId } from '#libs/platform';
import type { ApiContext } from './api-context.js';
import { ApiModule } from './api.module.js';
import { limitMediaTypes } from './limits/media-type.js';
import { limitRates } from './limits/rate-limit.js';
import { limitDuration } from './limits/request-deadline.js';
import { NODE_LIMITS, SERVER_LIMITS } from './limits/server-limits.js';
import { linkPages } from './paging/link-header.js';
import { refuseHeadOfStreams } from './problems/allowed-methods.js';
import { ProblemFilter } from './problems/problem.filter.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** The HTTP application, not yet listening. */
export async function createApp(context: ApiContext): Promise<NestFastifyApplication> {
  const { config, logger } = context;
  const problems = new ProblemFilter(context);
  const adapter = new FastifyAdapter({
    ...SERVER_LIMITS,
    connectionTimeout: config.connectionTimeout * 1000,
    // What the router itself refuses: a URL that it cannot decode. It would repeat the URL otherwise.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      problems.send(error, request, reply),
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    requestIdHeader: false,
    genReqId: ({ headers }: { headers: IncomingHttpHeaders }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId();
    },
    ...(config.tls
      ? { https: { ...NODE_LIMITS, cert: readFileSync(config.tls.certFile), key: readFileSync(config.tls.keyFile) } }
      : { http: NODE_LIMITS }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.with(context), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalFilters(problems);
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply
      .header('x-request-id', request.id)
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer');
    if (config.tls) void reply.header('strict-transport-security', 'max-age=31536000');
    done();
  });
  limitRates(fastify, config.rateLimits);
  refuseHeadOfStreams(fastify);
  limitDuration(fastify, problems, config.requestDeadline);
  limitMediaTypes(app);
  linkPages(fastify);
  return app;
}
