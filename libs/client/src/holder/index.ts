export { getHolderFilePath, identityOf, loadHolder, saveHolder, type HolderEntry } from './holder-file.js';
export {
  generateHolderKeys,
  HolderIdentity,
  publicKeysOf,
  type HolderKeys,
  type HolderPublicKeys,
} from './holder-identity.js';
