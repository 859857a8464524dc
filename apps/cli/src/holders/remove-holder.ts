import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { pick } from '../short-id.js';
import { printable } from '../terminal/printable.js';

export async function removeHolder(cli: Cli, text: string): Promise<void> {
  const owner = await cli.owner();
  const holders = await everything(owner.holders());
  const named = holders.filter(({ name }) => name === text);
  const [only] = named;
  const holder =
    only !== undefined && named.length === 1
      ? only
      : pick(text, holders, { one: 'holder', listCommand: 'sledger holder list' });
  await owner.removeHolder(holder.id);
  cli.screen.result(
    { removed: holder.id, sessionId: holder.sessionId },
    () =>
      `Holder ${printable(holder.name)} is removed. Session ${holder.sessionId} has a new token; ` +
      'its other holders take it by themselves.',
  );
}
