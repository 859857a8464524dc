import { commandDeps } from '#libs/commands';
import type { Database } from '#libs/database';
import { Channels } from '#libs/deliveries';
import type { Ledger } from '#libs/ledger';
import type { Config, Logger } from '#libs/platform';
import { KeyRing, type SecretBox } from '#libs/tokens';
import { TelegramBots } from './telegram-bots.js';

export interface OpenBots {
  config: Config;
  database: Database;
  ledger: Ledger;
  box: SecretBox;
  logger: Logger;
}

/** Starts the bots of all Telegram channels; `close` ends them after what they are handling. */
export function openBots({ config, database, ledger, box, logger }: OpenBots): { close(): Promise<void> } {
  const keys = new KeyRing(database, box);
  const commands = commandDeps({ database, ledger, keys, config });
  const bots = new TelegramBots({ commands, channels: new Channels(database, box), logger, dataDir: config.dataDir });
  const stop = new AbortController();
  const done = bots.run(stop.signal);
  return {
    async close() {
      stop.abort();
      await done;
    },
  };
}
