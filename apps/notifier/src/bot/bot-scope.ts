import type { Bot } from 'grammy';
import type { BotAccount } from './bot-accounts.js';
import type { BotDeps } from './bot-deps.js';
import type { UpdateLog } from './update-log.js';

/** One running bot: what its commands work with. */
export interface BotScope extends BotDeps {
  account: () => BotAccount;
  updates: UpdateLog;
  bot: Bot;
}
