import type { Cli } from '../cli.js';
import { printable } from '../terminal/printable.js';

export async function adoptLog(cli: Cli, { yes }: { yes?: boolean }): Promise<void> {
  const owner = await cli.owner();
  const before = await owner.relayState();
  if (before.forked === null) {
    cli.screen.result(before, () => 'Stream and database tell the same history: there is nothing to adopt.');
    return;
  }
  if (!yes) {
    cli.screen.result(before, () =>
      [
        `They differ: ${printable(before.forked ?? '')}`,
        'Adopting rebuilds the stream from the database; what only the stream has is given up.',
        'If the database is the right one: `sledger log adopt --yes`. If it was restored too old: restore a newer backup instead.',
      ].join('\n'),
    );
    return;
  }
  const after = await owner.adoptLog();
  cli.screen.result(
    after,
    () => 'The relay rebuilds the stream now, the projector its read models; `sledger doctor` shows when it is done.',
  );
}
