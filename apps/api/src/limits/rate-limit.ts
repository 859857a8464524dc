import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bareToken, LedgerError } from '#libs/contracts';
import { bearerOf } from '../auth/read-credential.js';
import { sourceOf } from '../owner-credential/source-delays.js';
import { type Taken, TokenBuckets } from './token-bucket.js';

/** Requests a second; 0 = no limit. */
export interface RateLimits {
  credential: number;
  address: number;
}

/** A burst is what five seconds allow. */
const WINDOW_SECONDS = 5;

/** Refuses what comes too fast, before anything else is done with it, and says in `RateLimit` what is left (IETF draft 10). */
export function limitRates(fastify: FastifyInstance, limits: RateLimits): void {
  const gates = [
    gate('credential', limits.credential, credentialOf),
    gate('address', limits.address, ({ ip }) => sourceOf(ip)),
  ].filter((one) => one !== null);
  if (gates.length === 0) return;
  fastify.addHook('onRequest', (request, reply, done) => {
    let tightest: { name: string; taken: Taken; policy: string } | null = null;
    for (const { name, policy, buckets, keyOf } of gates) {
      const key = keyOf(request);
      if (key === null) continue;
      const taken = buckets.take(key);
      if (tightest === null || taken.remaining < tightest.taken.remaining) tightest = { name, taken, policy };
      if (!taken.ok) break;
    }
    if (tightest !== null) announce(reply, tightest);
    if (tightest === null || tightest.taken.ok) return done();
    done(new LedgerError('TOO_MANY_REQUESTS', { retryAfter: tightest.taken.resetSeconds }));
  });
}

function announce(reply: FastifyReply, { name, taken, policy }: { name: string; taken: Taken; policy: string }): void {
  void reply.header('ratelimit-policy', policy);
  void reply.header('ratelimit', `"${name}";r=${taken.remaining};t=${taken.resetSeconds}`);
}

function gate(name: string, rate: number, keyOf: (request: FastifyRequest) => string | null) {
  if (rate === 0) return null;
  const burst = Math.max(1, Math.ceil(rate * WINDOW_SECONDS));
  return { name, policy: `"${name}";q=${burst};w=${WINDOW_SECONDS}`, buckets: new TokenBuckets(rate, burst), keyOf };
}

/**
 * The credential that the guard will read, however it is spelled, by its digest: it is not judged here. A holder's assertions
 * differ each time and count by address; so does what is no credential.
 */
function credentialOf({ headers }: FastifyRequest): string | null {
  const password = headers['x-master-password'];
  const sent = typeof password === 'string' ? password : bearerOf(headers);
  return sent === undefined ? null : hash('sha256', bareToken(sent), 'base64');
}
