export { OwnerClient } from './owner-client.js';
export { OwnerHttp, type CallOptions, type OwnerHttpOptions } from './owner-http.js';
export { isProblem, networkReason, ProblemError, ServerUnreachable } from './problem-error.js';
