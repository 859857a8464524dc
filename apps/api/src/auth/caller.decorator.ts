import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Caller } from '#libs/commands';
import { LedgerError } from '#libs/contracts';
import type { ApiRequest } from './api-request.js';
import type { Principal } from './principal.js';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** Who asks. */
export const Who = createParamDecorator((_: unknown, execution: ExecutionContext): Principal => {
  return principalOf(execution.switchToHttp().getRequest<ApiRequest>());
});

/** Who asks, as the commands want it: actor, request id and, on POST, the Idempotency-Key with the request's fingerprint. */
export const CalledBy = createParamDecorator((_: unknown, execution: ExecutionContext): Caller => {
  const request = execution.switchToHttp().getRequest<ApiRequest>();
  const { actor } = principalOf(request);
  const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
  if (key === undefined) return { actor, requestId: request.id };
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) {
    throw new LedgerError('BAD_REQUEST', { detail: 'Idempotency-Key: 1 to 255 visible ASCII characters.' });
  }
  const scope = `${actor} ${request.method} ${request.routeOptions.url}`;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([request.url, request.body ?? null]))
    .digest();
  return { actor, requestId: request.id, idempotency: { scope, key, fingerprint } };
});

function principalOf(request: ApiRequest): Principal {
  if (!request.principal) throw new LedgerError('TOKEN_MISSING');
  return request.principal;
}
