import { setTimeout as sleep } from 'node:timers/promises';
import type { Bot } from 'grammy';
import type { Update } from 'grammy/types';
import type { Logger } from '#libs/platform';
import { COMMAND_MENU } from './command-menu.js';
import { sendFailureOf, type SendFailure } from './send-failure.js';
import type { UpdateLog } from './update-log.js';

/** Seconds that Telegram holds a poll open; shorter than the deadline of a call. */
const POLL_SECONDS = 8;
/** After so many tries an update is given up, with a line in the log. */
const ATTEMPTS = 8;
const CONFLICT_WAIT_MS = 5_000;
const CREDENTIALS_WAIT_MS = 60_000;
const LONGEST_BACKOFF_MS = 30_000;

export interface PollerDeps {
  bot: Bot;
  updates: UpdateLog;
  logger: Logger;
  /** Told when the bot cannot work, with one sentence why. */
  onTrouble: (reason: string) => Promise<void>;
}

/**
 * Fetches and handles updates, one after the other, until `signal`. An update is confirmed to Telegram only after it was
 * handled: whatever ends this process, the next one gets it again.
 */
export class UpdatePoller {
  private offset = 0;
  private failures = 0;

  constructor(private readonly deps: PollerDeps) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.round(signal);
        this.failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        await this.waitAfter(sendFailureOf(error), signal);
      }
    }
  }

  private async round(signal: AbortSignal): Promise<void> {
    const { bot } = this.deps;
    if (!bot.isInited()) {
      await bot.init(foreign(signal));
      await bot.api.setMyCommands(COMMAND_MENU, {}, foreign(signal)).catch((error: unknown) => {
        this.deps.logger.warn({ reason: sendFailureOf(error).reason }, 'the bot’s list of commands was not set');
      });
    }
    const updates = await bot.api.getUpdates(
      { offset: this.offset, timeout: POLL_SECONDS, allowed_updates: ['message', 'callback_query'] },
      foreign(signal),
    );
    for (const update of updates) {
      if (signal.aborted) return;
      await this.handle(update);
      this.offset = update.update_id + 1;
    }
  }

  /** Throws when the update should come again. */
  private async handle(update: Update): Promise<void> {
    const { bot, updates, logger } = this.deps;
    const { handled, attempts } = await updates.begin(update.update_id);
    if (handled) return;
    try {
      await bot.handleUpdate(update);
    } catch (error) {
      const failure = sendFailureOf(error);
      if (failure.kind !== 'final' && attempts < ATTEMPTS) throw error;
      logger.error({ updateId: update.update_id, attempts, reason: failure.reason }, 'an update was given up');
    }
    await updates.finish(update.update_id);
  }

  private async waitAfter(failure: SendFailure, signal: AbortSignal): Promise<void> {
    const { logger, onTrouble } = this.deps;
    this.failures += 1;
    logger.warn({ reason: failure.reason, failures: this.failures }, 'the bot waits before it goes on');
    if (failure.kind === 'credentials') await onTrouble(`Telegram refuses the bot’s token (${failure.reason})`);
    if (failure.kind === 'conflict') await onTrouble(`somebody else polls the same bot (${failure.reason})`);
    await sleep(this.waitOf(failure), undefined, { signal }).catch(() => undefined);
  }

  private waitOf(failure: SendFailure): number {
    switch (failure.kind) {
      case 'credentials':
        return CREDENTIALS_WAIT_MS;
      case 'conflict':
        return CONFLICT_WAIT_MS;
      case 'later':
        return Math.max(failure.waitMs, Math.min(LONGEST_BACKOFF_MS, 500 * 2 ** Math.min(this.failures, 10)));
      case 'final':
        return LONGEST_BACKOFF_MS;
    }
  }
}

type ForeignSignal = NonNullable<Parameters<Bot['init']>[0]>;

/** grammY's types name the signal of a polyfill; at run time it takes Node's own. */
function foreign(signal: AbortSignal): ForeignSignal {
  return signal as unknown as ForeignSignal;
}
