import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { isFullId, pick } from '../short-id.js';

/** A short id is looked up among this many of the newest. */
const SEARCHED = 1000;

export async function redeliver(cli: Cli, text: string): Promise<void> {
  const owner = await cli.owner();
  const wanted = text.toLowerCase();
  const kind = { one: 'delivery', many: 'deliveries', listCommand: 'sledger deliveries list' };
  const id = isFullId(wanted)
    ? wanted
    : pick(wanted, await everything(owner.deliveries({ limit: 200 }), SEARCHED), kind).id;
  const delivery = await owner.redeliver(id);
  cli.screen.result(delivery, () => `Delivery ${delivery.id} goes out again.`);
}
