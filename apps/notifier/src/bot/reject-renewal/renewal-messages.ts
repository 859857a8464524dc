import type { Database } from '#libs/database';

export interface RenewalMessage {
  chatId: number;
  messageId: number;
}

/** The chat messages that told of one renewal, on these channels. */
export async function renewalMessages(
  database: Database,
  { sessionId, generation }: { sessionId: string; generation: number },
  channelIds: string[],
): Promise<RenewalMessage[]> {
  const rows = await database.query<{ recipient: string; remote_ref: string }>(
    `select d.recipient, d.remote_ref
     from deliveries.notification n join deliveries.delivery d using (notification_id)
     where n.session_id = $1 and n.event_type = 'SessionRenewed' and n.generation = $2
       and d.channel_id = any($3::uuid[]) and d.remote_ref is not null`,
    [sessionId, generation, channelIds],
  );
  return rows
    .map(({ recipient, remote_ref }) => ({ chatId: Number(recipient), messageId: Number(remote_ref) }))
    .filter(({ chatId, messageId }) => Number.isSafeInteger(chatId) && Number.isSafeInteger(messageId));
}
