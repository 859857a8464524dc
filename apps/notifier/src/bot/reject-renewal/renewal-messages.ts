import type { Database } from '#libs/database';

export interface RenewalMessage {
  channelId: string;
  messageId: number;
}

/** The messages that told of one renewal and can be changed: those that went out to a chat, by channel. */
export async function renewalMessages(
  database: Database,
  { sessionId, generation }: { sessionId: string; generation: number },
): Promise<RenewalMessage[]> {
  const rows = await database.query<{ channel_id: string; remote_ref: string }>(
    `select d.channel_id, d.remote_ref
     from deliveries.notification n join deliveries.delivery d using (notification_id)
       join deliveries.channel c using (channel_id)
     where n.session_id = $1 and n.event_type = 'SessionRenewed' and n.generation = $2
       and c.type = 'telegram' and d.remote_ref is not null`,
    [sessionId, generation],
  );
  return rows.map(({ channel_id, remote_ref }) => ({ channelId: channel_id, messageId: Number(remote_ref) }));
}
