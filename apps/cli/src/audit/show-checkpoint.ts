import { writeFile } from 'node:fs/promises';
import type { Cli } from '../cli.js';
import { Failure } from '../failure.js';
import { utc } from '#libs/contracts';

/** The newest signed head of the log: kept elsewhere, it is a witness. */
export async function showCheckpoint(cli: Cli, { to }: { to?: string }): Promise<void> {
  const owner = await cli.owner();
  const { items, keys } = await owner.checkpoints({ limit: 1 });
  const [newest] = items;
  if (!newest) {
    throw new Failure(
      'nothing is signed yet',
      'The sequencer signs within a second of the first event; is it running?',
      'no_checkpoint',
    );
  }
  if (to !== undefined) await writeFile(to, newest.note, { mode: 0o644 });
  cli.screen.result({ ...newest, keys, ...(to !== undefined && { file: to }) }, () =>
    [
      newest.note.trimEnd(),
      '',
      `${newest.size} entries, signed ${utc(newest.signedAt)}${to === undefined ? '' : `, written to ${to}`}`,
      ...keys.map((key, index) => `${index === 0 ? 'key' : 'older key'}: ${key}`),
    ].join('\n'),
  );
}
