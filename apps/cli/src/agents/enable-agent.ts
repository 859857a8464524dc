import type { Cli } from '../cli.js';
import { printable } from '../terminal/printable.js';
import { findAgent } from './find-agent.js';

export async function enableAgent(
  cli: Cli,
  name: string,
  change: { enabled: boolean; reason?: string },
): Promise<void> {
  const owner = await cli.owner();
  const { id } = await findAgent(owner, name);
  const agent = await owner.updateAgent(id, change);
  cli.screen.result(agent, () =>
    agent.enabled
      ? `Agent ${printable(agent.name)} is enabled.`
      : `Agent ${printable(agent.name)} is disabled: no new session, renewal or hand-over until \`sledger agent enable\`.`,
  );
}
