export * from './types.js';
export { eventOf, RECORDED_EVENT_COLUMNS } from './read/stored-events.js';
export { createLedger, type Ledger, type LedgerOptions } from './create-ledger.js';
export { appendWithin } from './append/append.js';
export { forgetReceipts, RECEIPT_DAYS } from './append/forget-receipts.js';
export { MAX_EVENTS, MAX_PAYLOAD_BYTES } from './append/check-append.js';
export {
  horizonHolder,
  lastPosition,
  oldestUnsequenced,
  positionSince,
  readRecorded,
  sequence,
  type HorizonHolder,
} from './log/log-store.js';
export { GrowingTree, LogTree } from './log/log-tree.js';
export { CheckpointStore, type StoredCheckpoint } from './checkpoints/checkpoint-store.js';
export { LogKeys, logOrigin, newLogKey, type Sealer } from './checkpoints/log-keys.js';
export {
  recallReaders,
  recordAdopted,
  recordFork,
  relayState,
  requestAdopt,
  type RelayState,
} from './log/relay-state.js';
export { listSessionHeads, type ListedSession, type SessionFilter } from './heads/list-sessions.js';
export { readStreamWithPositions } from './read/read-stream-with-positions.js';
export { exportLog } from './checkpoints/export-log.js';
export {
  compareHeads,
  compareSomeHeads,
  FIRST_HEADS,
  HEAD_PARTS,
  type HeadComparison,
  type HeadPlace,
} from './heads/compare-heads.js';
export { type HeadDifference } from './heads/head-difference.js';
