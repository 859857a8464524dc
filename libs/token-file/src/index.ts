export { DEFAULT_HOLDER, getDataDir, getMcpTokenPath, getWitnessPath } from './data-dir.js';
export { isAlive } from './is-alive.js';
export { FileLock } from './file-lock.js';
export {
  inspectMcpToken,
  isTokenForm,
  MAX_TOKEN_BYTES,
  readMcpToken,
  writeMcpToken,
  type McpTokenFile,
} from './mcp-token.js';
export { PrivateFileRefused, readPrivateFile, writePrivateFile } from './private-file.js';
export { type RenameDependencies } from './rename-with-retry.js';
export { removeLeftovers } from './remove-leftovers.js';
