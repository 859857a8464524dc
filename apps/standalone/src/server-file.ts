import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What clients on this machine find in `server.json`. It holds no secret. */
export interface ServerFile {
  baseUrl: string;
  natsUrl: string;
  pid: number;
}

export function writeServerFile(dataDir: string, contents: ServerFile): void {
  const path = join(dataDir, 'server.json');
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(contents, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

export function readServerFile(dataDir: string): ServerFile | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as ServerFile;
  } catch {
    return undefined;
  }
}

export function removeServerFile(dataDir: string): void {
  rmSync(join(dataDir, 'server.json'), { force: true });
}
