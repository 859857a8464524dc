import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Rung } from './rung.js';
import { renewal, sessionHead, type Sessions } from './sessions.js';

const run = promisify(execFile);
/** Its peers contradict our own versions, so it lives in a folder of its own. */
export const ANCHOR = '@event-driven-io/emmett-postgresql@0.42.0';

interface AnchorStore {
  appendToStream(stream: string, events: { type: string; data: object }[], options: object): Promise<unknown>;
  schema: { migrate(): Promise<unknown> };
  close(): Promise<void>;
}

interface AnchorPackage {
  getPostgreSQLEventStore(url: string, options?: object): AnchorStore;
}

export interface Anchor {
  rung(sessions: Sessions): Rung;
  close(): Promise<void>;
}

/** Installs emmett's PostgreSQL store on first use. Null, with the reason told, where that fails. */
export async function openAnchor(
  { url, connections }: { url: string; connections: number },
  folder: string,
  tell: (line: string) => void,
): Promise<Anchor | null> {
  try {
    const entry = join(folder, 'node_modules', '@event-driven-io', 'emmett-postgresql', 'dist', 'index.js');
    if (!existsSync(entry)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}\n');
      await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ANCHOR], { cwd: folder });
    }
    const { getPostgreSQLEventStore } = (await import(pathToFileURL(entry).href)) as AnchorPackage;
    const pool = new pg.Pool({ connectionString: url, max: connections });
    const store = getPostgreSQLEventStore(url, { connectionOptions: { pooled: true, pool } });
    await store.schema.migrate();
    return {
      rung: (sessions) => anchorRung(store, sessions),
      async close() {
        await store.close();
        await pool.end();
      },
    };
  } catch (error) {
    tell(`emmett is left out: ${(error as Error).message.split('\n')[0]}`);
    return null;
  }
}

function anchorRung(store: AnchorStore, sessions: Sessions): Rung {
  return {
    name: 'emmett',
    write(slot) {
      const { sessionId, version } = sessions.take(slot);
      const { type, data } = renewal(sessionHead(sessionId, version));
      const expected = version === 1 ? 'STREAM_DOES_NOT_EXIST' : BigInt(version - 1);
      return store.appendToStream(`session-${sessionId}`, [{ type, data }], { expectedStreamVersion: expected });
    },
  };
}
