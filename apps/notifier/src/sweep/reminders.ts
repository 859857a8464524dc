import type { Database } from '#libs/database';
import { dueReminders, forgetReminder, remindOf, type DueReminder } from '#libs/deliveries';
import { decideReminder } from '#libs/session';

const AT_ONCE = 200;

/** Sends the one reminder of announced sessions when their end is near. Returns whether anything was queued. */
export async function sendReminders(database: Database): Promise<boolean> {
  const due = await dueReminders(database, AT_ONCE);
  let queued = false;
  for (const reminder of due) queued = (await decide(database, reminder)) || queued;
  return queued;
}

async function decide(database: Database, reminder: DueReminder): Promise<boolean> {
  const { session, announced, now } = reminder;
  const decision =
    session === null ? ({ kind: 'never' } as const) : decideReminder(session, now, announced, session.hasHolder);
  switch (decision.kind) {
    case 'send':
      await remindOf(database, reminder, decision.endsAt);
      return true;
    case 'wait':
      await forgetReminder(database, reminder, decision.until);
      return false;
    case 'never':
      await forgetReminder(database, reminder, null);
      return false;
  }
}
