import { PrivateFileRefused, readPrivateFile, writePrivateFile } from './private-file.js';
import type { RenameDependencies } from './rename-with-retry.js';

const TOKEN_FORM = /^sl_sess_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** A token file above this is refused. Bytes. */
export const MAX_TOKEN_BYTES = 8192;

/** What a token file says: a token, nothing (`missing`), or why it is refused. */
export type McpTokenFile = { token: string } | { missing: true } | { refused: string };

/** Whether a text has the file form of a token: `sl_sess_` and three JWT parts, at most 8 KiB. */
export function isTokenForm(text: string): boolean {
  return text.length <= MAX_TOKEN_BYTES && TOKEN_FORM.test(text);
}

/**
 * Writes the token alone (UTF-8, no newline, 0600), whole or not at all. The last writer wins.
 *
 * @throws TypeError when it has not the form of a token; PrivateFileRefused on a symlink; file system errors
 */
export async function writeMcpToken(path: string, token: string, rename?: RenameDependencies): Promise<void> {
  if (!isTokenForm(token)) throw new TypeError('Not written: this is no token (sl_sess_ and three JWT parts).');
  await writePrivateFile(path, token, rename);
}

/** The token in the file, or null for anything that is not right. */
export function readMcpToken(path: string): string | null {
  const file = inspectMcpToken(path);
  return 'token' in file ? file.token : null;
}

/** Like `readMcpToken`, and says why. Never throws; `refused` holds no content. */
export function inspectMcpToken(path: string): McpTokenFile {
  try {
    const text = readPrivateFile(path, MAX_TOKEN_BYTES);
    if (text === null) return { missing: true };
    return isTokenForm(text)
      ? { token: text }
      : { refused: `${path}: its content is no token (sl_sess_ and three JWT parts, nothing else)` };
  } catch (error) {
    if (error instanceof PrivateFileRefused) return { refused: error.message };
    return { refused: `${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})` };
  }
}
