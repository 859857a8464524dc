import type { AgentView } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { shortener } from '../short-id.js';
import { duration, relative } from '#libs/contracts';
import { cut, printable } from '../terminal/printable.js';
import { table } from '../terminal/table.js';

const NAME_WIDTH = 40;

export async function listAgents(cli: Cli): Promise<void> {
  const owner = await cli.owner();
  const items = await cli.screen.during('reading agents', () => everything(owner.agents()));
  cli.screen.result({ items }, () => text(cli, items));
}

function text(cli: Cli, agents: AgentView[]): string {
  if (agents.length === 0) return 'No agents yet. Add one: `sledger agent add <name>`.';
  const { style } = cli.screen;
  const short = shortener(agents.map(({ id }) => id));
  const now = new Date();
  const rows = agents.map((agent) => [
    short(agent.id),
    style.bold(cut(printable(agent.name), NAME_WIDTH)),
    agent.enabled ? style.paint('enabled', 'green') : style.paint('disabled', 'red'),
    relative(new Date(agent.createdAt), now),
    defaultsOf(agent),
  ]);
  return table(['ID', 'NAME', 'STATE', 'REGISTERED', 'DEFAULTS'], rows);
}

function defaultsOf({ defaultConstraints }: AgentView): string {
  const { expiresIn, maxRenewals, allowedOperations, maxAmountPerTx } = defaultConstraints;
  const parts = [
    expiresIn !== undefined ? `tokens live ${duration(expiresIn)}` : '',
    maxRenewals === null ? 'unlimited renewals' : maxRenewals !== undefined ? `${maxRenewals} renewals` : '',
    allowedOperations ? `may ${allowedOperations.join(', ')}` : '',
    maxAmountPerTx !== undefined ? `up to ${maxAmountPerTx}` : '',
  ].filter((part) => part !== '');
  return parts.length > 0 ? printable(parts.join('; ')) : '-';
}
