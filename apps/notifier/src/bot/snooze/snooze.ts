import { parseSpan, utc } from '#libs/contracts';
import { Silences } from '#libs/deliveries';
import { newId } from '#libs/platform';
import type { BotTurn } from '../bot-context.js';
import type { BotScope } from '../bot-scope.js';

const LONGEST = 7 * 86_400;

/** `/snooze 2h`: what is not urgent waits until then. `/snooze off`: tell again at once. */
export async function snooze({ commands }: BotScope, turn: BotTurn, argument: string): Promise<void> {
  const silences = new Silences(commands.database);
  const author = { actor: turn.actor, requestId: newId() };
  if (argument === 'off') {
    await silences.endSnoozes(author);
    return turn.reply('Alerts come again; what waited comes now.');
  }
  const seconds = parseSpan(argument);
  if (seconds === null || seconds < 60 || seconds > LONGEST) {
    return turn.reply(
      'For how long? Between a minute and a week, e.g. /snooze 30m, /snooze 2h, /snooze 1d. /snooze off ends it.',
    );
  }
  const wish = { mode: 'snooze', duration: seconds, reason: 'snoozed in Telegram' } as const;
  const { endsAt } = await silences.create(wish, author);
  await turn.reply(
    `Alerts wait until ${utc(endsAt)} on every channel. Critical ones come all the same. /snooze off ends it.`,
  );
}
