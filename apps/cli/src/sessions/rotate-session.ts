import type { Cli } from '../cli.js';
import { printable } from '../terminal/printable.js';
import { utc } from '#libs/contracts';
import { writeTokenFile } from './write-token-file.js';
import { findSession } from './find-session.js';

export async function rotateSession(cli: Cli, { tokenFile }: { tokenFile?: string }, id: string): Promise<void> {
  const owner = await cli.owner();
  const found = await findSession(owner, id);
  const { token, ...session } = await owner.rotateSession(found.id);
  if (tokenFile !== undefined) await writeTokenFile(session.id, token, tokenFile);
  const { style } = cli.screen;
  cli.screen.result({ ...session, ...(tokenFile === undefined ? {} : { tokenFile }) }, () => {
    const where = tokenFile === undefined ? 'its holders take it by themselves' : `it is in ${tokenFile}`;
    return (
      `${style.paint('✓', 'green')} session ${session.id} of ${printable(session.agentName)} has a new token ` +
      `(generation ${session.generation}, until ${utc(session.expiresAt)}); ${where}. The old token is refused.`
    );
  });
}
