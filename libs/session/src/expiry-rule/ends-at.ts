import { remainingRenewals, type SessionState } from '../session.state.js';

/** Share of the TTL that must have passed since the last issue before a renewal is accepted (guard 3). */
export const EARLIEST_RENEWAL_SHARE = 0.5;

/** The first second at which guard 3 lets a renewal pass. */
export function earliestRenewalAt(state: Pick<SessionState, 'issuedAt' | 'expiresIn'>): number {
  return state.issuedAt + Math.ceil(state.expiresIn * EARLIEST_RENEWAL_SHARE);
}

type Lifetimes = Pick<
  SessionState,
  'issuedAt' | 'expiresAt' | 'expiresIn' | 'absoluteExpiresAt' | 'maxRenewals' | 'renewalCount'
>;

/** Whether any renewal, now or later in this token's life, can still succeed. */
export function renewalPossible(state: Lifetimes, now: number): boolean {
  if (remainingRenewals(state) === 0) return false;
  return Math.max(now, earliestRenewalAt(state)) + state.expiresIn <= state.absoluteExpiresAt;
}

/** When the session really dies, epoch seconds: the current token's end once no renewal can succeed, else the absolute end. */
export function endsAt(state: Lifetimes, now: number): number {
  return renewalPossible(state, now) ? state.absoluteExpiresAt : state.expiresAt;
}
