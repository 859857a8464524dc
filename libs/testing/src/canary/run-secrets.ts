import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RECORD_FOLDER } from '../run-record/run-record.js';
import type { Needles } from './needles.js';

/** Files that are there to keep a secret, by what follows the last folder that is somebody's own. */
const KEEPING =
  /(^|\/)(owner-key|seal\.key|key\.pem|password|listener-password|nats-listener\.json|mcp-token|mcp-tokens\/[^/]+|holder[^/]*\.json|holders\/[^/]+|[^/]+\.conf)$/;
/** Shorter ones, and those of fewer letters, are what a test wrote for a secret, as `secret` or `xxxx`. */
const SHORTEST = 20;
const FEWEST_LETTERS = 10;
const LONGEST_TOKEN = 8_192;
const TOKEN = /^sl_sess_[^.]+\.[^.]+\.([\w-]+)$/;

export function keepsSecret(path: string): boolean {
  return KEEPING.test(path);
}

/** What a file holds that has a token and nothing else, as `--token-file` names one; nobody but its owner may read it. */
export function isOwnersToken(mode: number, content: Buffer): boolean {
  return content.length <= LONGEST_TOKEN && (mode & 0o777) === 0o600 && TOKEN.test(content.toString('latin1').trim());
}

/** The secrets that the run made for itself, and those that tests have registered. */
export function addRunSecrets(needles: Needles, runDir: string, files: readonly string[]): void {
  for (const path of files.filter(keepsSecret)) {
    const content = readFileSync(join(runDir, path), 'utf8').trim();
    for (const [part, secret] of secretsIn(path, content)) {
      if (secret.length >= SHORTEST && new Set(secret).size >= FEWEST_LETTERS)
        needles.add(`${part} of ${path}`, secret);
    }
  }
  for (const { name, value } of registered(join(runDir, RECORD_FOLDER, 'secrets'))) needles.add(name, value);
}

function secretsIn(path: string, content: string): [string, string][] {
  if (path.endsWith('.conf')) return [];
  if (content.startsWith('{')) return privateParts(content).map((part, index) => [`private key ${index}`, part]);
  // Header and claims of a token are no secret.
  const signature = TOKEN.exec(content)?.[1];
  return [['the secret', signature ?? content]];
}

function privateParts(json: string): string[] {
  return [...json.matchAll(/"d"\s*:\s*"([\w-]+)"/g)].map(([, part = '']) => part);
}

function registered(folder: string): { name: string; value: string }[] {
  return namesIn(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as never);
}

export function namesIn(folder: string): string[] {
  return entriesIn(folder).map(({ name }) => name);
}

/** None for a folder that is not there. */
export function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
