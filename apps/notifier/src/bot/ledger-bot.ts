import { Bot, type Context } from 'grammy';
import type { BotAccount } from './bot-accounts.js';
import { BotTurn } from './bot-context.js';
import type { BotDeps } from './bot-deps.js';
import type { BotScope } from './bot-scope.js';
import { parseButton } from './buttons.js';
import type { CommandName } from './command-menu.js';
import { help } from './help/help.js';
import { listSessions } from './list-sessions/list-sessions.js';
import { createChosen, newSession } from './new-session/new-session.js';
import { Refusals } from './refusals.js';
import { rejectRenewal } from './reject-renewal/reject-renewal.js';
import { askToRevoke, confirmRevoke, offerRevocation } from './revoke-session/revoke-session.js';
import { showStatus } from './show-status/show-status.js';
import { snooze } from './snooze/snooze.js';
import type { UpdateLog } from './update-log.js';

type Command = (scope: BotScope, turn: BotTurn, argument: string) => Promise<void>;

const COMMANDS: Readonly<Record<CommandName | 'start', Command>> = {
  newsession: newSession,
  sessions: listSessions,
  status: showStatus,
  revoke: offerRevocation,
  snooze,
  help,
  start: help,
};

/** Seconds after which grammY gives up a call; its own default is 500. */
const CALL_TIMEOUT = 10;

/** Builds the bot of an account. It is fed with updates by its poller. */
export function createLedgerBot(deps: BotDeps, account: () => BotAccount, updates: UpdateLog): Bot {
  const { botToken, apiRoot } = account();
  const bot = new Bot(botToken, {
    client: { timeoutSeconds: CALL_TIMEOUT, ...(apiRoot !== undefined && { apiRoot }) },
  });
  const scope: BotScope = { ...deps, account, updates, bot };
  const refusals = new Refusals();
  bot.on('callback_query:data', async (context) => {
    const turn = await authorised(scope, context, refusals);
    if (turn) await press(scope, turn, context.callbackQuery.data);
  });
  bot.on('message:text', async (context) => {
    const { text } = context.message;
    const command = commandOf(text, bot.botInfo.username);
    // In a group only what is said to the bot concerns it.
    if (command === null && context.chat.type !== 'private') return;
    const turn = await authorised(scope, context, refusals);
    if (!turn) return;
    const known = command !== null && isKnown(command.name) ? COMMANDS[command.name] : null;
    if (known) await known(scope, turn, command?.argument ?? '');
    else await turn.reply('That is no command of mine. See /help.');
  });
  return bot;
}

/** `/name@bot argument`; null for other texts and for commands to another bot. */
function commandOf(text: string, username: string): { name: string; argument: string } | null {
  const [, name, bot, argument = ''] = /^\/([A-Za-z0-9_]+)(?:@(\w+))?(?:\s+([\s\S]*))?$/.exec(text.trim()) ?? [];
  if (name === undefined || (bot !== undefined && bot.toLowerCase() !== username.toLowerCase())) return null;
  return { name: name.toLowerCase(), argument: argument.trim() };
}

function isKnown(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}

/** Chat and user must both be known: in a group, who presses a button is checked again, not only where it stands. */
async function authorised(scope: BotScope, context: Context, refusals: Refusals): Promise<BotTurn | null> {
  const userId = context.from?.id;
  const chatId = context.chat?.id;
  if (userId === undefined || chatId === undefined) return null;
  if (scope.account().chats.get(chatId)?.users.has(userId)) return new BotTurn(context, chatId, userId);
  scope.logger.warn({ botId: scope.account().botId, userId, chatId }, 'a stranger spoke to the bot and was refused');
  const isPress = context.callbackQuery !== undefined;
  if (refusals.mayAnswer(`${isPress ? 'press' : 'message'} ${chatId}`, performance.now())) {
    const refused = isPress
      ? context.answerCallbackQuery({ text: 'Unauthorized', show_alert: true })
      : context.api.sendMessage(chatId, 'Unauthorized');
    // Nobody waits for it: whatever Telegram says, the next update is more important.
    await refused.catch(() => undefined);
  }
  return null;
}

async function press(scope: BotScope, turn: BotTurn, data: string): Promise<void> {
  const pressed = parseButton(data);
  if (pressed === null) return turn.acknowledge('This button is of another version. Use the commands instead.');
  switch (pressed.action) {
    case 'newsession':
      return createChosen(scope, turn, pressed.agentId);
    case 'revoke':
      return askToRevoke(scope, turn, pressed);
    case 'confirm':
      return confirmRevoke(scope, turn, pressed);
    case 'reject':
      return rejectRenewal(scope, turn, pressed);
    case 'cancel':
      await turn.acknowledge();
      return turn.replace('Nothing was changed.');
  }
}
