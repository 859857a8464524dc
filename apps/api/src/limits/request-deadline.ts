import type { FastifyInstance } from 'fastify';
import { LedgerError } from '#libs/contracts';
import type { ProblemFilter } from '../problems/problem.filter.js';

/** Answers for a handler that takes too long. Streams begin at once and so are no part of it. */
export function limitDuration(fastify: FastifyInstance, problems: ProblemFilter, seconds: number): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const timer = setTimeout(() => {
      if (!reply.sent && !reply.raw.headersSent) problems.send(new LedgerError('DEADLINE_EXCEEDED'), request, reply);
    }, seconds * 1000);
    // Also where the client went away: `onResponse` hears only of answers that were finished.
    reply.raw.once('close', () => clearTimeout(timer));
    done();
  });
}
