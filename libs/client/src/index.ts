export * from './owner/index.js';
export * from './holder/index.js';
export * from './session/index.js';
export * from './verifier/index.js';
export { silentLog, type Log } from './log.js';
export { type ApiResult } from './http/api-result.js';
export * from './explain-call/index.js';
