import type { OwnerClient } from '#libs/client';
import { Failure } from '../failure.js';
import type { Settings } from '../settings.js';
import { ownerKeyPath, readOwnerKey } from './owner-key.js';
import { readServerFile, serverFilePath } from './server-file.js';

/** Where the server is: `--base-url`, `LEDGER_BASE_URL`, else the data directory's `server.json`. */
export function resolveBaseUrl(settings: Settings): string {
  const baseUrl = settings.baseUrl ?? readServerFile(settings.dataDir)?.baseUrl;
  if (baseUrl === undefined) {
    throw new Failure(
      `no server is known: ${serverFilePath(settings.dataDir)} is not there`,
      'Start one with `sledger start`, or name it with --base-url or LEDGER_BASE_URL.',
      'server_unknown',
    );
  }
  if (!/^https?:\/\//.test(baseUrl) || !URL.canParse(baseUrl)) {
    throw new Failure(`"${baseUrl}" is no http(s) address`, 'Give one like http://127.0.0.1:3100.', 'bad_base_url');
  }
  return baseUrl.replace(/\/+$/, '');
}

/** A client with the owner's credential. Nothing is sent yet. */
export async function connect(settings: Settings): Promise<OwnerClient> {
  const { OwnerClient } = await import('#libs/client');
  const baseUrl = resolveBaseUrl(settings);
  return new OwnerClient({ baseUrl, credential: readOwnerKey(ownerKeyPath(settings.dataDir, settings.ownerKeyFile)) });
}
