import type { Context } from 'grammy';
import { cutText } from '../messages/cut-text.js';
import type { Button } from './buttons.js';
import { sendFailureOf } from './send-failure.js';

/** What Telegram takes, in UTF-16 units. */
const LONGEST_TEXT = 4096;

/** A message or a button press of somebody who may command the bot here. */
export class BotTurn {
  constructor(
    private readonly context: Context,
    readonly chatId: number,
    readonly userId: number,
  ) {}

  get updateId(): number {
    return this.context.update.update_id;
  }

  /** Who did it, as events name it. */
  get actor(): string {
    return `telegram:${this.userId}`;
  }

  /** The message whose button was pressed; undefined for a text. */
  get keyboardMessageId(): number | undefined {
    return this.context.callbackQuery?.message?.message_id;
  }

  /** Answers in the chat. Plain text: names of others cannot become markup. */
  async reply(text: string, keyboard: Button[][] = []): Promise<void> {
    await this.context.api.sendMessage(this.chatId, cutText(text, LONGEST_TEXT), {
      link_preview_options: { is_disabled: true },
      ...(keyboard.length > 0 && { reply_markup: { inline_keyboard: keyboard } }),
    });
  }

  /** Puts a new text (and new buttons, or none) in place of the message whose button was pressed; else answers. */
  async replace(text: string, keyboard: Button[][] = []): Promise<void> {
    const messageId = this.keyboardMessageId;
    if (messageId === undefined) return this.reply(text, keyboard);
    const edited = await unlessFinal(
      this.context.api.editMessageText(this.chatId, messageId, cutText(text, LONGEST_TEXT), {
        reply_markup: { inline_keyboard: keyboard },
      }),
    );
    // The old message is gone, or says that already.
    if (!edited) await this.reply(text, keyboard);
  }

  /** Stops the button's spinner, with a word where one helps. A press that waited too long cannot be answered any more. */
  async acknowledge(text?: string): Promise<void> {
    await unlessFinal(this.context.answerCallbackQuery(text === undefined ? {} : { text }));
  }
}

/** True when it went through; false when Telegram refuses it for good. Anything that may pass is thrown. */
export async function unlessFinal(sending: Promise<unknown>): Promise<boolean> {
  try {
    await sending;
    return true;
  } catch (error) {
    if (sendFailureOf(error).kind === 'final') return false;
    throw error;
  }
}
