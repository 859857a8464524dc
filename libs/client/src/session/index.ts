export { ApiClient, withFreshToken, type CallResult } from './api-client.js';
export {
  assembleSession,
  createSession,
  type CreateSessionOptions,
  type Session,
  type SessionParts,
} from './create-session.js';
export { type RenewalOutcome } from './session-keeper.js';
export { SessionManager, type SessionChange, type SessionManagerOptions } from './session-manager.js';
export { type SessionCondition, type SessionReason, type SessionStatusReport } from './session-status.js';
export { LedgerApi, type LedgerApiOptions } from './ledger-api.js';
export { ServerClock } from './server-clock.js';
export { type UpdatesState } from '../updates/updates-state.js';
