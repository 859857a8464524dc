import type { NatsConnection } from '@nats-io/transport-node';
import { APPEND_HINT_SUBJECT } from '#libs/contracts';

/**
 * Wakes the sequencer after an append: `createLedger(database, { onAppended: appendHint(connection) })`. Calls of one turn
 * of the event loop become one message. Nothing waits for it, and a lost one costs one poll.
 */
export function appendHint(connection: NatsConnection): () => void {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      // Either would throw where nobody catches it.
      if (!connection.isClosed() && !connection.isDraining()) connection.publish(APPEND_HINT_SUBJECT);
    });
  };
}
