import { setTimeout as sleep } from 'node:timers/promises';
import { lead, LOCKS } from '#libs/database';
import { raiseTrouble } from '#libs/deliveries';
import { type BotAccount, BotAccounts } from './bot-accounts.js';
import type { BotDeps } from './bot-deps.js';
import { createLedgerBot } from './ledger-bot.js';
import { UpdatePoller } from './poll-updates.js';
import { UpdateLog } from './update-log.js';

/** How often channels are looked at for new, changed and removed bots. */
const RECONCILE_MS = 2_000;
const RESTART_MS = 500;
const HOUR_MS = 3_600_000;

interface RunningBot {
  account: BotAccount;
  stop: AbortController;
  done: Promise<void>;
}

/** Runs the bot of every Telegram channel. Of several notifiers exactly one polls: one lease stands for all bots. */
export class TelegramBots {
  private readonly running = new Map<string, RunningBot>();

  constructor(private readonly deps: BotDeps) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await using lease = await lead(this.deps.commands.database, LOCKS.telegramPoller, signal);
        await this.serveAll(AbortSignal.any([signal, lease.lost]));
      } catch (error) {
        if (!signal.aborted) this.deps.logger.warn({ err: error }, 'the Telegram bots start over');
      }
    }
  }

  private async serveAll(signal: AbortSignal): Promise<void> {
    const accounts = new BotAccounts(this.deps.channels);
    while (!signal.aborted) {
      try {
        this.reconcile(await accounts.read());
      } catch (error) {
        this.deps.logger.warn({ err: error }, 'the Telegram channels cannot be read now');
      }
      await sleep(RECONCILE_MS, undefined, { signal }).catch(() => undefined);
    }
    const bots = [...this.running.values()];
    this.running.clear();
    for (const { stop } of bots) stop.abort();
    await Promise.all(bots.map(({ done }) => done));
  }

  private reconcile(accounts: BotAccount[]): void {
    const wanted = new Map(accounts.map((account) => [keyOf(account), account]));
    for (const [key, { stop }] of this.running) {
      if (wanted.has(key)) continue;
      stop.abort();
      this.running.delete(key);
    }
    for (const [key, account] of wanted) {
      const present = this.running.get(key);
      if (present) present.account = account;
      else this.start(key, account);
    }
  }

  private start(key: string, account: BotAccount): void {
    const stop = new AbortController();
    const running: RunningBot = { account, stop, done: Promise.resolve() };
    running.done = this.serve(running, stop.signal);
    this.running.set(key, running);
  }

  private async serve(running: RunningBot, signal: AbortSignal): Promise<void> {
    const { botId } = running.account;
    const logger = this.deps.logger.child({ botId });
    const updates = new UpdateLog(this.deps.commands.database, botId);
    const forgetting = setInterval(() => void updates.forgetOld().catch(() => undefined), HOUR_MS);
    logger.info('this process polls the bot');
    while (!signal.aborted) {
      try {
        const bot = createLedgerBot({ ...this.deps, logger }, () => running.account, updates);
        const poller = new UpdatePoller({ bot, updates, logger, onTrouble: (reason) => this.tell(running, reason) });
        await poller.run(signal);
      } catch (error) {
        if (!signal.aborted) logger.warn({ err: error }, 'the bot starts over');
        await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    clearInterval(forgetting);
  }

  /** The owner hears of a bot that cannot work through the other channels. */
  private async tell({ account }: RunningBot, reason: string): Promise<void> {
    const channelIds = [...account.chats.values()].flatMap((chat) => chat.channelIds);
    for (const channelId of channelIds) {
      const trouble = { channelId, kind: 'bot', reason: `Its bot takes no commands: ${reason}.` } as const;
      await this.deps.commands.database
        .transaction((client) => raiseTrouble(client, trouble))
        .catch((error: unknown) => this.deps.logger.error({ err: error, channelId }, 'nobody could be told'));
    }
  }
}

function keyOf({ botToken, apiRoot }: BotAccount): string {
  return `${apiRoot ?? ''} ${botToken}`;
}
