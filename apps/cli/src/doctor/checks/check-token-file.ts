import { chmod } from 'node:fs/promises';
import { lstatSync } from 'node:fs';
import { getMcpTokenPath, inspectMcpToken } from '#libs/token-file';
import { decodeClaims } from '../../mcp-setup/token-claims.js';
import type { Check } from '../examination.js';
import { failed, ok, warning } from '../finding.js';

export const checkTokenFile: Check = (examination) => {
  const { settings, name } = examination;
  const path = getMcpTokenPath(settings.dataDir, name);
  const file = inspectMcpToken(path);
  if ('missing' in file) {
    return Promise.resolve([
      warning(
        'token-file',
        `There is no token file at ${path}.`,
        'For a desktop agent on this machine: `sledger mcp setup`.',
      ),
    ]);
  }
  if ('refused' in file) {
    const open = isOpenToOthers(path);
    return Promise.resolve([
      failed(
        'token-file',
        `The token file is refused: ${file.refused}.`,
        open
          ? `Run \`chmod 600 ${path}\`; whoever could read it has the token: \`sledger session rotate\`.`
          : 'Write it anew: `sledger mcp setup`.',
        open ? { what: `set ${path} to mode 0600`, run: () => chmod(path, 0o600) } : undefined,
      ),
    ]);
  }
  try {
    examination.token = { ...decodeClaims(file.token), path, kid: keyIdOf(file.token) };
    return Promise.resolve([ok('token-file', `The token file ${path} is private and well-formed.`)]);
  } catch {
    return Promise.resolve([
      failed('token-file', `The token in ${path} cannot be read.`, 'Write it anew: `sledger mcp setup`.'),
    ]);
  }
};

function isOpenToOthers(path: string): boolean {
  // Of the file itself: what a link points to is none of ours to change.
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && (stat.mode & 0o077) !== 0;
}

function keyIdOf(token: string): string | null {
  try {
    const text = token.replace(/^sl_sess_/, '').split('.')[0] ?? '';
    const header = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as { kid?: unknown };
    return typeof header.kid === 'string' ? header.kid : null;
  } catch {
    return null;
  }
}
