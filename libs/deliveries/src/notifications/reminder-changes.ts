import type { PoolClient } from '#libs/database';
import type { Alert } from './alert.js';

/** What an event does to the one reminder of its session. */
export type ReminderChange = { sessionId: string } & (
  | { kind: 'announced'; eventId: string; causes: string[]; end: number }
  /** The end may have moved: decide again. */
  | { kind: 'renewed' }
  | { kind: 'over' }
);

/** An announced session gets one reminder near its end; the sweep decides when. */
export function reminderChangeOf({ type, sessionId, event }: Alert): ReminderChange | null {
  if (sessionId === null) return null;
  switch (type) {
    case 'SessionExpiringSoon': {
      const { causes, endsAt } = event.data as { causes: string[]; endsAt: string };
      return { kind: 'announced', sessionId, eventId: event.id, causes, end: Math.floor(Date.parse(endsAt) / 1000) };
    }
    case 'SessionRenewed':
      return { kind: 'renewed', sessionId };
    case 'SessionRevoked':
    case 'SessionExpired':
      return { kind: 'over', sessionId };
    default:
      return null;
  }
}

/** Kind by kind: nothing follows the end of a session, and a renewal after an announcement is due at once like it. */
export async function applyReminderChanges(client: PoolClient, changes: readonly ReminderChange[]): Promise<void> {
  const announced = changes.filter((change) => change.kind === 'announced');
  if (announced.length > 0) {
    await client.query(
      `insert into deliveries.reminder (session_id, event_id, causes, announced_end, due_at)
       select session_id, event_id, array(select jsonb_array_elements_text(causes)), announced_end, clock_timestamp()
       from unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::bigint[]) as r (session_id, event_id, causes, announced_end)
       on conflict do nothing`,
      [
        announced.map(({ sessionId }) => sessionId),
        announced.map(({ eventId }) => eventId),
        announced.map(({ causes }) => JSON.stringify(causes)),
        announced.map(({ end }) => end),
      ],
    );
  }
  const renewed = changes.filter(({ kind }) => kind === 'renewed').map(({ sessionId }) => sessionId);
  if (renewed.length > 0) {
    await client.query('update deliveries.reminder set due_at = clock_timestamp() where session_id = any($1)', [
      renewed,
    ]);
  }
  const over = changes.filter(({ kind }) => kind === 'over').map(({ sessionId }) => sessionId);
  if (over.length > 0) await client.query('delete from deliveries.reminder where session_id = any($1)', [over]);
}
