import type { Database } from '#libs/database';

export interface BegunUpdate {
  handled: boolean;
  /** 1 at the first time. */
  attempts: number;
}

/** Longer than Telegram keeps an update that nobody fetched (24 h). */
const KEPT = "interval '7 days'";

/** Which updates of a bot were handled, so that a repeat after a crash or a lost answer does nothing twice. */
export class UpdateLog {
  constructor(
    private readonly database: Database,
    private readonly botId: number,
  ) {}

  async begin(updateId: number): Promise<BegunUpdate> {
    const [row] = await this.database.query<{ handled: boolean; attempts: number }>(
      `insert into bot.telegram_update (bot_id, update_id) values ($1, $2)
       on conflict (bot_id, update_id) do update set attempts = telegram_update.attempts + 1
       returning handled_at is not null as handled, attempts`,
      [this.botId, updateId],
    );
    return row ?? { handled: false, attempts: 1 };
  }

  async finish(updateId: number): Promise<void> {
    await this.database.query(
      'update bot.telegram_update set handled_at = clock_timestamp() where bot_id = $1 and update_id = $2',
      [this.botId, updateId],
    );
  }

  /**
   * Takes a keyboard for this update. False when another update has used it; the same update may come again.
   */
  async useKeyboard(chatId: number, messageId: number, updateId: number): Promise<boolean> {
    const [row] = await this.database.query<{ update_id: number }>(
      `insert into bot.used_keyboard (bot_id, chat_id, message_id, update_id) values ($1, $2, $3, $4)
       on conflict (bot_id, chat_id, message_id) do update set update_id = used_keyboard.update_id
       returning update_id`,
      [this.botId, chatId, messageId, updateId],
    );
    return row?.update_id === updateId;
  }

  /** What was begun with the keyboard did not happen: it may be used again. */
  async returnKeyboard(chatId: number, messageId: number): Promise<void> {
    await this.database.query('delete from bot.used_keyboard where bot_id = $1 and chat_id = $2 and message_id = $3', [
      this.botId,
      chatId,
      messageId,
    ]);
  }

  async forgetOld(): Promise<void> {
    await this.database.query(`delete from bot.telegram_update where received_at < clock_timestamp() - ${KEPT}`);
    await this.database.query(`delete from bot.used_keyboard where used_at < clock_timestamp() - ${KEPT} * 10`);
  }
}
