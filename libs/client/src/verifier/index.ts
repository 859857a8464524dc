export { createVerifier, type TokenVerdict, type Verifier, type VerifierOptions } from './create-verifier.js';
