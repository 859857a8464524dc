import type { RevokeSessionBody } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { Failure } from '../failure.js';
import { printable } from '../terminal/printable.js';
import { findSession } from './find-session.js';
import { isAlive } from './session-text.js';

export interface RevokeSessionOptions {
  reason?: string;
  trigger?: string;
}

const TRIGGERS = ['manual_revoke', 'renewal_rejected', 'superseded'] as const;

export async function revokeSession(cli: Cli, options: RevokeSessionOptions, id: string): Promise<void> {
  const body: RevokeSessionBody = {
    ...(options.reason !== undefined && { reason: options.reason }),
    ...(options.trigger !== undefined && { trigger: triggerOption(options.trigger) }),
  };
  const owner = await cli.owner();
  const found = await findSession(owner, id);
  const session = await owner.revokeSession(found.id, body);
  const { style } = cli.screen;
  cli.screen.result(session, () =>
    isAlive(found)
      ? `${style.paint('✓', 'green')} session ${session.id} of ${printable(session.agentName)} is revoked: its token is refused from now on.`
      : `Session ${session.id} had ended already (${found.status}); nothing was changed.`,
  );
}

function triggerOption(text: string): (typeof TRIGGERS)[number] {
  const trigger = TRIGGERS.find((known) => known === text);
  if (trigger === undefined) {
    throw new Failure(`--trigger: "${text}" is no trigger`, `Use ${TRIGGERS.join(', ')}.`, 'bad_option');
  }
  return trigger;
}
