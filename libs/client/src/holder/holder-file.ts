import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DEFAULT_HOLDER, FileLock, getDataDir, readPrivateFile, writePrivateFile } from '#libs/token-file';
import { HolderIdentity, holderKeys } from './holder-identity.js';

const MAX_BYTES = 262_144;
/** Milliseconds. */
const LOCK_POLL = 20;

const holderEntry = holderKeys.extend({
  holderId: z.string(),
  issuer: z.string(),
  /** Where the server was at setup; `server.json` and options go before it. */
  baseUrl: z.string().optional(),
});
/** One holder of this data directory. Holds private keys: never log it. */
export type HolderEntry = z.infer<typeof holderEntry>;

const holderFile = z.object({ holders: z.record(z.string(), holderEntry) });

export function getHolderFilePath(dataDir?: string): string {
  return join(getDataDir(dataDir), 'holder.json');
}

/** Puts one holder into `holder.json` (0600), leaving the others. */
export async function saveHolder(
  dataDir: string | undefined,
  entry: HolderEntry,
  name = DEFAULT_HOLDER,
): Promise<void> {
  const path = getHolderFilePath(dataDir);
  const release = await alone(new FileLock(`${path}.lock`));
  try {
    const holders = { ...readHolders(path), [name]: holderEntry.parse(entry) };
    await writePrivateFile(path, `${JSON.stringify({ holders }, null, 2)}\n`);
  } finally {
    release();
  }
}

/** Two setups at once would each keep only its own keys. */
async function alone(lock: FileLock): Promise<() => void> {
  for (;;) {
    const release = lock.take();
    if (release !== null) return release;
    await sleep(LOCK_POLL);
  }
}

/** The holder of that name, or null when there is none. Throws `PrivateFileRefused` when others may read the file. */
export function loadHolder(dataDir?: string, name = DEFAULT_HOLDER): HolderEntry | null {
  return readHolders(getHolderFilePath(dataDir))[name] ?? null;
}

export function identityOf(entry: HolderEntry): HolderIdentity {
  const { signingKey, sealingKey } = entry;
  return new HolderIdentity(entry.holderId, entry.issuer, { signingKey, sealingKey });
}

function readHolders(path: string): Record<string, HolderEntry> {
  const text = readPrivateFile(path, MAX_BYTES);
  if (text === null) return {};
  const parsed = holderFile.safeParse(jsonOf(text));
  if (!parsed.success) throw new Error(`${path} is damaged: remove it and run \`sledger mcp setup\` again.`);
  return parsed.data.holders;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
