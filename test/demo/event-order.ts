import { jetstreamManager } from '@nats-io/jetstream';
import type { OwnerClient } from '#libs/client';
import { STREAM } from '#libs/contracts';
import { connectNats } from '#libs/messaging';

export interface OrderedEvent {
  /** Position in the log, or sequence in the stream: they must be equal. */
  position: number;
  id: string;
}

/** Every event on JetStream, in the stream's order. */
export async function eventsOnBus(natsUrl: string): Promise<OrderedEvent[]> {
  const connection = await connectNats({ url: natsUrl, name: 'order check' });
  try {
    const { streams } = await jetstreamManager(connection);
    const { state } = await streams.info(STREAM);
    const events: OrderedEvent[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
      const message = await streams.getMessage(STREAM, { seq });
      const { id } = message?.json<{ id: string }>() ?? { id: 'missing' };
      events.push({ position: seq, id });
    }
    return events;
  } finally {
    await connection.close();
  }
}

/** Every event of the ledger, in the log's order, as the auditor gets it. */
export async function eventsInLedger(owner: OwnerClient): Promise<OrderedEvent[]> {
  const events: OrderedEvent[] = [];
  for await (const { position, id } of owner.audit()) events.push({ position, id });
  return events.sort((a, b) => a.position - b.position);
}
