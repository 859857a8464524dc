import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { NATS_LISTENER_FILE, type NatsAccessView } from '#libs/contracts';
import { getDataDir, readPrivateFile } from '#libs/token-file';

/** Where and as whom this machine's processes may listen on NATS: as the data directory says, or the hand-over. */
export type NatsAccess = { servers: string[]; user: string; password: string } | NatsAccessView;

const listener = z.object({ user: z.string().min(1), password: z.string().min(1) });
const server = z.object({ natsUrl: z.string().min(1) });

/** The access that the data directory gives, or null: then SSE alone is used. Never throws. */
export function natsAccess(dataDir?: string): NatsAccess | null {
  const directory = getDataDir(dataDir);
  try {
    const text = readPrivateFile(join(directory, NATS_LISTENER_FILE), 4096);
    if (text === null) return null;
    const { natsUrl } = server.parse(JSON.parse(readFileSync(join(directory, 'server.json'), 'utf8')));
    return { ...listener.parse(JSON.parse(text)), servers: natsUrl.split(',') };
  } catch {
    return null;
  }
}
