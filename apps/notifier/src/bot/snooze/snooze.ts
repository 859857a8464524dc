import { duration, parseSpan, utc } from '#libs/contracts';
import { newId } from '#libs/platform';
import { type BotTurn } from '../bot-context.js';
import { type BotScope } from '../bot-scope.js';

const LONGEST = 7 * 86_400;

/** `/snooze 2h`: what is not urgent waits until then. `/snooze off`: tell again at once. */
export async function snooze({ commands }: BotScope, turn: BotTurn, argument: string): Promise<void> {
  const { database } = commands;
  if (argument === 'off') {
    await database.query(
      "update deliveries.silence set ends_at = clock_timestamp() where mode = 'snooze' and ends_at > clock_timestamp()",
    );
    await database.query(
      `update deliveries.delivery set next_attempt_at = clock_timestamp()
       where next_attempt_at > clock_timestamp() and detail like 'snoozed until %'`,
    );
    return turn.reply('Alerts come again; what waited comes now.');
  }
  const seconds = parseSpan(argument);
  if (seconds === null || seconds < 60 || seconds > LONGEST) {
    return turn.reply(
      'For how long? Between a minute and a week, e.g. /snooze 30m, /snooze 2h, /snooze 1d. /snooze off ends it.',
    );
  }
  const [row] = await database.query<{ ends_at: Date }>(
    `insert into deliveries.silence (silence_id, mode, reason, created_by, ends_at)
     values ($1, 'snooze', 'snoozed in Telegram', $2, clock_timestamp() + make_interval(secs => $3)) returning ends_at`,
    [newId(), turn.actor, seconds],
  );
  const until = row ? utc(row.ends_at) : duration(seconds);
  await turn.reply(
    `Alerts wait until ${until} on every channel. Critical ones come all the same. /snooze off ends it.`,
  );
}
