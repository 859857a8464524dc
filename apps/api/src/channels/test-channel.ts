import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryView } from '#libs/contracts';
import type { Database, RepeatableRequest } from '#libs/database';
import { Deliveries, sendTest } from '#libs/deliveries';

const WAIT_MS = 12_000;
const POLL_MS = 100;
const UNDER_WAY = new Set(['pending', 'attempting']);

/** Sends a test through the real path and waits a while for what comes of it. */
export async function testChannel(
  database: Database,
  channel: { id: string; name: string },
  request?: RepeatableRequest,
): Promise<DeliveryView> {
  const deliveries = new Deliveries(database);
  const id = await sendTest(database, channel, request);
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const delivery = await deliveries.get(id);
    if (!UNDER_WAY.has(delivery.status) || Date.now() >= deadline) return delivery;
    await sleep(POLL_MS);
  }
}
