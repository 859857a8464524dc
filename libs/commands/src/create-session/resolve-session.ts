import { LedgerError, type AgentDefaults, type CreateSessionBody } from '#libs/contracts';
import type { CreateSession, SessionConstraints } from '#libs/session';
import type { SessionSettings } from '../command-deps.js';

type Resolved = Pick<
  CreateSession,
  'expiresIn' | 'maxRenewals' | 'renewalRejectWindow' | 'absoluteLifetime' | 'constraints'
>;

/** Fills what the request leaves out: request > agent's defaults > configuration (which has the constants). */
export function resolveSession(
  request: Omit<CreateSessionBody, 'agentId'>,
  agent: AgentDefaults,
  { defaults, limits }: SessionSettings,
): Resolved {
  const absoluteLifetime = request.absoluteLifetime ?? limits.absoluteLifetime;
  checkRange(
    'absoluteLifetime',
    absoluteLifetime,
    Math.min(limits.minLifetime, limits.absoluteLifetime),
    limits.absoluteLifetime,
  );
  return {
    absoluteLifetime,
    expiresIn: resolveTtl(request.expiresIn, agent.expiresIn ?? defaults.expiresIn, absoluteLifetime, limits.minTtl),
    maxRenewals: firstDefined(request.maxRenewals, agent.maxRenewals, defaults.maxRenewals),
    renewalRejectWindow: request.renewalRejectWindow ?? agent.renewalRejectWindow ?? defaults.renewalRejectWindow,
    constraints: resolveConstraints(request.constraints ?? {}, agent),
  };
}

function resolveTtl(asked: number | undefined, fallback: number, absoluteLifetime: number, minTtl: number): number {
  if (asked === undefined) return Math.min(Math.max(fallback, minTtl), absoluteLifetime);
  if (asked > absoluteLifetime) throw new LedgerError('TTL_EXCEEDS_ABSOLUTE_LIFETIME');
  checkRange('expiresIn', asked, minTtl, absoluteLifetime);
  return asked;
}

function checkRange(path: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  const message = `must be ${min} to ${max} seconds`;
  throw new LedgerError('BAD_REQUEST', { detail: `${path} ${message}`, errors: [{ path, message }] });
}

/** Null is a value here (unlimited), only undefined is not. */
function firstDefined<T>(first: T | undefined, second: T | undefined, last: T): T {
  if (first !== undefined) return first;
  return second !== undefined ? second : last;
}

function resolveConstraints(asked: SessionConstraints, agent: AgentDefaults): SessionConstraints {
  const allowedOperations = asked.allowedOperations ?? agent.allowedOperations;
  const maxAmountPerTx = asked.maxAmountPerTx ?? agent.maxAmountPerTx;
  return { ...(allowedOperations && { allowedOperations }), ...(maxAmountPerTx !== undefined && { maxAmountPerTx }) };
}
