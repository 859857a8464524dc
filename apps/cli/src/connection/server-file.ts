import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running server leaves in its data directory. */
export interface ServerFile {
  path: string;
  baseUrl: string;
  natsUrl: string | null;
  pid: number | null;
}

export function serverFilePath(dataDir: string): string {
  return join(dataDir, 'server.json');
}

/** The server of this data directory; null when there is no such file or nothing usable in it. */
export function readServerFile(dataDir: string): ServerFile | null {
  const path = serverFilePath(dataDir);
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as { baseUrl?: unknown; natsUrl?: unknown; pid?: unknown };
    if (typeof content.baseUrl !== 'string' || !URL.canParse(content.baseUrl)) return null;
    return {
      path,
      baseUrl: content.baseUrl,
      natsUrl: typeof content.natsUrl === 'string' ? content.natsUrl : null,
      pid: typeof content.pid === 'number' ? content.pid : null,
    };
  } catch {
    return null;
  }
}
