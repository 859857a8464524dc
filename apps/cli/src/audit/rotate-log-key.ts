import type { Cli } from '../cli.js';

/** The next key of the log's checkpoints. */
export async function rotateLogKey(cli: Cli): Promise<void> {
  const owner = await cli.owner();
  const rotated = await owner.rotateLogKey();
  cli.screen.result(rotated, () =>
    [
      `The log is signed with a new key from its next checkpoint on: ${rotated.keyId}`,
      rotated.key,
      '',
      'Give it to whoever verifies the log, beside the keys before: `sledger audit checkpoint` prints all of them.',
    ].join('\n'),
  );
}
