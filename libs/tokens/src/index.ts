export { SecretBox, type SealKeySource } from './secret-box.js';
