import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Cli } from '../cli.js';
import { ownerKeyPath } from '../connection/owner-key.js';
import { requireWritable } from '../mcp-setup/require-writable.js';

const KEY_BYTES = 32;

/** Whoever may write the server's data directory is the owner: the new secret goes into its file, which the server reads again. */
export async function resetOwnerKey(cli: Cli, { yes }: { yes?: boolean }): Promise<void> {
  const path = ownerKeyPath(cli.settings.dataDir, cli.settings.ownerKeyFile);
  const exists = existsSync(path);
  if (exists && !yes) {
    cli.screen.result({ file: path, reset: false }, () =>
      [
        `This replaces the owner credential in ${path}.`,
        'Consoles that are signed in and copies on other machines stop working. Do it: `sledger owner-key reset --yes`.',
      ].join('\n'),
    );
    return;
  }
  requireWritable(dirname(path));
  const { writePrivateFile } = await import('#libs/token-file');
  await writePrivateFile(path, `${randomBytes(KEY_BYTES).toString('base64url')}\n`);
  cli.screen.result(
    { file: path, reset: true },
    () =>
      `A new owner credential is in ${path} (0600). A running server takes it within a second; other machines need a copy.`,
  );
}
