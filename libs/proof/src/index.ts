export { EMPTY_STREAM_HEAD, leafHash, leafInput, nextStreamHead, toMicros, type LeafFields } from './leaf.js';
export { canonicalJson } from './canonical-json.js';
