export { SecretBox, UnsealError, type SealKeySource } from './secret-box.js';
export { KeyRing } from './key-ring.js';
export { type KnownToken, KnownTokens } from './known-tokens.js';
export { type NewSigningKey, type SigningKey } from './signing-key.js';
export { TokenIssuer, type IssuedToken } from './token-issuer.js';
export { checkTokenTime, TokenVerifier } from './token-verifier.js';
export { audiencesOf, hashOfToken, keyIdOf } from './token-texts.js';
export { sealToken } from './seal-token.js';
