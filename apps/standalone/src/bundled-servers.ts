import { homedir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedNats, EmbeddedPostgres, LEDGER_DATABASE, Supervised } from '#libs/embedded';
import { type Config, redactUrl } from '#libs/platform';
import type { CloseStack } from './close-stack.js';
import { natsListener } from './nats-listener.js';

export interface BundledServers {
  databaseUrl: string;
  natsUrl: string;
  /** NATS without credentials. */
  natsAddress: string;
  /** Each in a line for the person at the terminal. */
  summary: { postgres: string; nats: string };
}

type Say = (message: string) => void;

/** PostgreSQL and NATS: the servers that the configuration names, else embedded ones under the data directory. */
export async function startBundledServers(config: Config, opened: CloseStack, say: Say): Promise<BundledServers> {
  // NATS first: it is the one that may not be obtainable at all.
  const nats = await natsServer(config, opened, say);
  const postgres = await postgresServer(config, opened, say);
  return {
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    natsAddress: nats.address,
    summary: { postgres: postgres.summary, nats: nats.summary },
  };
}

async function natsServer({ dataDir, natsUrl }: Config, opened: CloseStack, say: Say) {
  if (natsUrl !== undefined) {
    const address = natsUrl.split(',').map(redactUrl).join(',');
    return { url: natsUrl, address, summary: `${address} (NATS_URL)` };
  }
  const cacheDir = join(homedir(), '.cache', 'session-ledger');
  const users = [natsListener(dataDir)];
  const nats = await Supervised.start({
    name: 'NATS',
    launch: (port) => EmbeddedNats.start({ dataDir: join(dataDir, 'nats'), cacheDir, port, users, onMessage: say }),
    onMessage: say,
  });
  opened.push('NATS', () => nats.stop());
  const server = nats.current;
  return { url: server.url, address: server.address, summary: `${server.address} (embedded)` };
}

async function postgresServer({ dataDir, databaseUrl }: Config, opened: CloseStack, say: Say) {
  if (databaseUrl !== undefined) return { url: databaseUrl, summary: `${redactUrl(databaseUrl)} (DATABASE_URL)` };
  const folder = join(dataDir, 'postgres');
  const postgres = await Supervised.start({
    name: 'PostgreSQL',
    launch: (port) => EmbeddedPostgres.start({ dataDir: folder, database: LEDGER_DATABASE, port, onMessage: say }),
    onMessage: say,
  });
  opened.push('PostgreSQL', () => postgres.stop());
  const server = postgres.current;
  return { url: server.url, summary: `127.0.0.1:${server.port} (embedded, data in ${server.cluster})` };
}
