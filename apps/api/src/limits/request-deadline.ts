import type { FastifyInstance } from 'fastify';
import { LedgerError } from '#libs/contracts';
import type { ProblemFilter } from '../problems/problem.filter.js';

/** Answers for a handler that takes too long. Streams begin at once and so are no part of it. */
export function limitDuration(fastify: FastifyInstance, problems: ProblemFilter, seconds: number): void {
  const timers = new WeakMap<object, NodeJS.Timeout>();
  fastify.addHook('onRequest', (request, reply, done) => {
    const timer = setTimeout(() => {
      if (!reply.sent && !reply.raw.headersSent) problems.send(new LedgerError('DEADLINE_EXCEEDED'), request, reply);
    }, seconds * 1000);
    timers.set(request, timer);
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    clearTimeout(timers.get(request));
    done();
  });
}
