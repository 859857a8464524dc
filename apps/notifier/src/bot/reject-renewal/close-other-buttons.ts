import { Api } from 'grammy';
import { type BotAccount, BotAccounts } from '../bot-accounts.js';
import type { BotTurn } from '../bot-context.js';
import type { BotScope } from '../bot-scope.js';
import { renewalMessages } from './renewal-messages.js';

const TIMEOUT_SECONDS = 10;

/**
 * Takes the button out of the other messages about the same renewal, in every chat of every bot. One that cannot be changed stays:
 * pressed, it does nothing and says so.
 */
export async function closeOtherButtons(
  scope: BotScope,
  turn: BotTurn,
  on: { sessionId: string; generation: number },
  text: string,
): Promise<void> {
  const messages = await renewalMessages(scope.commands.database, on);
  const accounts = await new BotAccounts(scope.channels).read();
  const edits = accounts.flatMap((account) => {
    const api = apiOf(account, scope);
    return [...account.chats].flatMap(([chatId, { channelIds }]) =>
      messages
        .filter(({ channelId, messageId }) => channelIds.includes(channelId) && !isPressed(api, chatId, messageId))
        .map(({ messageId }) =>
          api.editMessageText(chatId, messageId, text, { reply_markup: { inline_keyboard: [] } }),
        ),
    );
  });
  const failed = (await Promise.allSettled(edits)).filter(({ status }) => status === 'rejected').length;
  if (failed > 0) scope.logger.warn({ ...on, messages: failed }, 'messages still show a button that has been used');

  function isPressed(api: Api, chatId: number, messageId: number): boolean {
    return api === scope.bot.api && chatId === turn.chatId && messageId === turn.keyboardMessageId;
  }
}

function apiOf({ botToken, apiRoot }: BotAccount, { bot }: BotScope): Api {
  if (botToken === bot.token) return bot.api;
  return new Api(botToken, { timeoutSeconds: TIMEOUT_SECONDS, ...(apiRoot !== undefined && { apiRoot }) });
}
