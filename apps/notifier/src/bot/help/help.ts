import { type BotTurn } from '../bot-context.js';
import { COMMAND_MENU, type BotScope } from '../ledger-bot.js';

export async function help(_scope: BotScope, turn: BotTurn): Promise<void> {
  const lines = COMMAND_MENU.map(({ command, description }) => `/${command} – ${description}`);
  await turn.reply(
    [
      'Session Ledger tells here when a session of your agents is about to die, and takes commands:',
      '',
      ...lines,
      '',
      'A token is never shown in a chat.',
    ].join('\n'),
  );
}
