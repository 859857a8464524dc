import { LedgerError, type CloudEvent, type WhyView } from '#libs/contracts';
import type { Database } from '#libs/database';
import { levelName } from '../alert-levels.js';

/** Why an alert was sent: the event, its hash, and the leg of the rule. Only for `agents`, if given. Throws `NOT_FOUND`. */
export async function whyNotified(
  database: Database,
  notificationId: string,
  agents: readonly string[] | null = null,
): Promise<WhyView> {
  const rows = await database.query<{ stage: string; level: number; envelope: string }>(
    `select stage, level, envelope from deliveries.notification
     where notification_id = $1 and ($2::uuid[] is null or agent_id = any($2))`,
    [notificationId, agents],
  );
  const row = rows[0];
  if (!row) throw new LedgerError('NOT_FOUND', { detail: `There is no notification ${notificationId}.` });
  const event = JSON.parse(row.envelope) as CloudEvent;
  const rule = ruleOf(event);
  return {
    notificationId,
    stage: row.stage,
    level: levelName(row.level),
    event: {
      id: event.id,
      type: event.type,
      time: event.time,
      position: event.position ?? null,
      streamVersion: event.streamversion ?? null,
      leaf: event.leaf ?? null,
    },
    rule,
    sentence: rule ? sentenceOf(rule) : `${event.type} was recorded at ${event.time}.`,
  };
}

function ruleOf(event: CloudEvent): WhyView['rule'] {
  if (!event.type.startsWith('ledger.session.expiring_soon.')) return null;
  const data = event.data as { causes: string[]; remainingRenewals: number | null; endsAt: string; trigger: string };
  const secondsLeft = Math.floor((Date.parse(data.endsAt) - Date.parse(event.time)) / 1000);
  const { causes, remainingRenewals, endsAt, trigger } = data;
  return { causes, remainingRenewals, endsAt, secondsLeft, trigger };
}

function sentenceOf({ causes, remainingRenewals, endsAt, secondsLeft }: NonNullable<WhyView['rule']>): string {
  const legs = causes.map((cause) =>
    cause === 'renewals'
      ? `${remainingRenewals} renewals were left`
      : `${secondsLeft} seconds were left until ${endsAt}`,
  );
  return `The rule held because ${legs.join(' and ')}.`;
}
