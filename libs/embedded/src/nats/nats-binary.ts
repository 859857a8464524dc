import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../child-environment.js';
import { aptDownload, hasApt } from './apt-download.js';

const run = promisify(execFile);

type Fetch = (packageName: string, folder: string) => Promise<string>;

export interface FindNatsOptions {
  /** Where a downloaded nats-server is kept. */
  cacheDir: string;
  /** Unpacks the package `nats-server` under a folder and answers its root; by default with apt. */
  fetch?: Fetch;
  onMessage?: (message: string) => void;
}

/** Path of a nats-server that runs: from PATH, from the cache, or fetched with apt without root. Throws with the ways out. */
export async function findNatsServer(options: FindNatsOptions): Promise<string> {
  const { cacheDir, fetch = hasApt() ? aptDownload : undefined, onMessage } = options;
  const cached = join(cacheDir, 'nats-server');
  for (const candidate of [...onPath(), cached]) {
    if (await runs(candidate)) return candidate;
  }
  if (!fetch) throw unobtainable();
  onMessage?.('Fetching nats-server with apt (no root needed, nothing is installed)');
  try {
    await fetchInto(cached, cacheDir, fetch);
  } catch (error) {
    throw unobtainable(error);
  }
  return cached;
}

/** Whole paths: the server is started with a PATH of its own. */
function onPath(): string[] {
  const folders = (childEnvironment()['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'nats-server')).filter(existsSync);
}

async function runs(command: string): Promise<boolean> {
  try {
    await run(command, ['--version'], { env: childEnvironment() });
    return true;
  } catch {
    return false;
  }
}

async function fetchInto(target: string, cacheDir: string, fetch: Fetch): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'session-ledger-nats-'));
  try {
    const root = await fetch('nats-server', work);
    const binary = ['usr/sbin', 'usr/bin'].map((folder) => join(root, folder, 'nats-server')).find(existsSync);
    if (binary === undefined) throw new Error('the package nats-server holds no program of that name');
    mkdirSync(cacheDir, { recursive: true, mode: 0o755 });
    const draft = `${target}.${process.pid}`;
    copyFileSync(binary, draft);
    chmodSync(draft, 0o755);
    renameSync(draft, target);
    if (!(await runs(target))) throw new Error(`${target} does not run on this machine`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function unobtainable(cause?: unknown): Error {
  const detail = cause instanceof Error ? ` (${cause.message.trim().split('\n').at(-1)})` : '';
  return new Error(
    `No nats-server was found and none could be fetched${detail}. Either install it so that it is on PATH ` +
      '(Debian and Ubuntu: apt-get install nats-server; macOS: brew install nats-server), ' +
      'or set NATS_URL to a running NATS server with JetStream.',
    { cause },
  );
}
