export {
  type Caller,
  type ChangeDeps,
  type CommandDeps,
  commandDeps,
  type Idempotency,
  type SessionSettings,
} from './command-deps.js';
export { acceptForRenewal, acceptForUse, readToken, readTokenAgain, type AuthenticatedToken } from './authenticate.js';
export { type SessionWithIssuedToken } from './issued.js';
export { sessionEventOf } from './replay-session.js';
export { sessionViewOf, snapshotViewOf } from './session-view.js';
export { registerAgent } from './agents/register-agent.js';
export { updateAgent } from './agents/update-agent.js';
export { createSession } from './create-session/create-session.js';
export { renewSession, type RenewSessionCommand } from './renew-session/renew-session.js';
export { rotateSession } from './rotate-session/rotate-session.js';
export { revokeAgentSessions } from './revoke-session/revoke-agent-sessions.js';
export { revokeSession, type Revocation, type RevokeSessionCommand } from './revoke-session/revoke-session.js';
export { announceExpiringSoon } from './expire-session/announce.js';
export { recordDue, type RecordDue } from './expire-session/record-due.js';
export { assignHolder } from './holders/assign-holder.js';
export { registerHolder } from './holders/register-holder.js';
export { removeHolder } from './holders/remove-holder.js';
export { handOverToken } from './holders/hand-over-token.js';
export { sessionHolders } from './holders/session-holders.js';
export { verifyAssertion } from './holders/verify-assertion.js';
export { acknowledge, listHolders } from './holders/receipts-of-holders.js';
export { activateKillSwitch, releaseKillSwitch } from './kill-switch/kill-switch.js';
export { ApiKeys } from './api-keys/api-key-queries.js';
export { createApiKey } from './api-keys/create-api-key.js';
export { revokeApiKey } from './api-keys/revoke-api-key.js';
export { ensureSigningKey } from './keys/ensure-signing-key.js';
export { rotateSigningKey } from './keys/rotate-signing-key.js';
export { rotateLogKey } from './keys/rotate-log-key.js';
export { listSigningKeys } from './keys/list-signing-keys.js';
