export { OwnerClient, type KillSwitchView } from './owner-client.js';
export { OwnerHttp, type OwnerHttpOptions, type OwnerRequest, type Query } from './owner-http.js';
export { isProblem, networkReason, ProblemError, ServerUnreachable } from './problem-error.js';
