import type { BotTurn } from '../bot-context.js';
import type { BotScope } from '../bot-scope.js';
import { COMMAND_MENU } from '../command-menu.js';

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
