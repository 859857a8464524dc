export * from './types.js';
export { createLedger, type Ledger, type LedgerOptions } from './create-ledger.js';
export { MAX_EVENTS, MAX_PAYLOAD_BYTES } from './append/check-append.js';
