import type { Cli } from '../cli.js';
import { utc, type KillSwitchView } from '#libs/contracts';
import { printable } from '../terminal/printable.js';

export async function activate(cli: Cli, options: { reason?: string; revokeSessions?: boolean }): Promise<void> {
  const { reason, revokeSessions } = options;
  const owner = await cli.owner();
  const state = await owner.activateKillSwitch({
    ...(reason !== undefined && { reason }),
    ...(revokeSessions === true && { revokeSessions }),
  });
  const sessions = revokeSessions === true ? 'Every session was revoked.' : 'Sessions are kept and go on afterwards.';
  cli.screen.result(
    state,
    () =>
      `${cli.screen.style.paint('The kill switch is on.', 'red')} No session token is accepted any more. ${sessions} ` +
      'Release it: `sledger kill-switch off`.',
  );
}

export async function release(cli: Cli): Promise<void> {
  const state = await (await cli.owner()).releaseKillSwitch();
  cli.screen.result(state, () => 'The kill switch is off. Session tokens are accepted again.');
}

export async function show(cli: Cli): Promise<void> {
  const state = await (await cli.owner()).killSwitch();
  cli.screen.result(state, () => `The kill switch is ${killSwitchText(state)}.`);
}

export function killSwitchText({ active, reason, changedAt }: KillSwitchView): string {
  if (!active) return 'off';
  const since = changedAt === null ? '' : ` since ${utc(changedAt)}`;
  return `on${since}${reason === null ? '' : ` (${printable(reason)})`}`;
}
