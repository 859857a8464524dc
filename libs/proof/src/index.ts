export { canonicalJson } from './canonical-json.js';
export { EMPTY_STREAM_HEAD, leafHash, nextStreamHead, toMicros, type LeafFields } from './leaf.js';
export { EMPTY_ROOT, Frontier, nodeHash, rangeHash, rootOf, type SubtreeHash } from './merkle.js';
export { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion, type TwoTrees } from './tree-proofs.js';
export { parseVerifierKey, publicKeyOf, rawPublicKeyOf, verifierKey, type NoteVerifier } from './signed-note.js';
export {
  openCheckpoint,
  readCheckpoint,
  signCheckpoint,
  type Checkpoint,
  type CheckpointSigner,
} from './checkpoint.js';
export { hashEvent, type ExportedEvent, type LinkedEvent } from './verify/hash-event.js';
export { LogVerifier, type VerifyReport } from './verify/log-verifier.js';
export { type Finding, type FindingCode } from './verify/findings.js';
