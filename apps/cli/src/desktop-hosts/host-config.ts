import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { chmod, copyFile, mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../failure.js';
import type { DesktopHost, ServerEntry } from './desktop-host.js';

/** A change of a host's configuration that was worked out and not made yet. */
export interface HostChange {
  path: string;
  before: string;
  after: string;
}

/** The configuration with our entry merged in; everything else, and its indentation, stays. */
export function planChange(host: DesktopHost, path: string, name: string, entry: ServerEntry): HostChange {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const config = before.trim() === '' ? {} : parse(before, host, path);
  const section = config[host.section] ?? {};
  if (!isObject(section)) throw unusable(host, path, `"${host.section}" is no object`);
  const merged = { ...config, [host.section]: { ...section, [name]: host.entry(entry) } };
  const same = JSON.stringify(merged) === JSON.stringify(config);
  return { path, before, after: same ? before : `${JSON.stringify(merged, null, indentOf(before))}\n` };
}

/** Makes the change whole or not at all, after a copy of the old file. Gives the copy's path; null where none was there. */
export async function applyChange({ path, before, after }: HostChange, now = new Date()): Promise<string | null> {
  if (before === after) return null;
  // A settings file may be a link into a repository of dotfiles: the link stays, its target changes.
  const target = existsSync(path) ? realpathSync(path) : path;
  await mkdir(dirname(target), { recursive: true });
  const exists = existsSync(target);
  const backup = exists ? `${target}.${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}.bak` : null;
  if (backup !== null) await copyFile(target, backup);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, after, { flag: 'wx', mode: 0o600 });
    if (exists) await chmod(temporary, statSync(target).mode & 0o777);
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  return backup;
}

function parse(text: string, host: DesktopHost, path: string): Record<string, unknown> {
  let config: unknown;
  try {
    config = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw unusable(host, path, (error as Error).message);
  }
  if (!isObject(config)) throw unusable(host, path, 'it is no JSON object');
  return config;
}

function unusable(host: DesktopHost, path: string, reason: string): Failure {
  return new Failure(
    `the configuration of ${host.title} at ${path} cannot be merged into: ${reason}`,
    'Nothing was changed in it. Mend it, or put the entry in by hand: `sledger mcp setup` without --write shows it.',
    'host_config_unusable',
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function indentOf(text: string): string {
  return /^[{[]\r?\n([ \t]+)/.exec(text.trimStart())?.[1] ?? '  ';
}
