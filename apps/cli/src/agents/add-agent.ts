import type { Cli } from '../cli.js';
import { listOption, renewalsOption, spanOption } from '../options.js';
import { Failure } from '../failure.js';
import { printable } from '../terminal/printable.js';

export interface AddAgentOptions {
  expiresIn?: string;
  maxRenewals?: string;
  rejectWindow?: string;
  allowedOps?: string;
  maxAmount?: string;
  audience?: string;
  supersede: boolean;
  reuse?: string;
}

export async function addAgent(cli: Cli, options: AddAgentOptions, name: string): Promise<void> {
  const defaultConstraints = {
    ...(options.expiresIn !== undefined && { expiresIn: spanOption('--expires-in', options.expiresIn) }),
    ...(options.maxRenewals !== undefined && { maxRenewals: renewalsOption(options.maxRenewals) }),
    ...(options.rejectWindow !== undefined && {
      renewalRejectWindow: spanOption('--reject-window', options.rejectWindow),
    }),
    ...(options.allowedOps !== undefined && { allowedOperations: listOption(options.allowedOps) }),
    ...(options.maxAmount !== undefined && { maxAmountPerTx: options.maxAmount }),
    ...(options.audience !== undefined && { audiences: listOption(options.audience) }),
    ...(!options.supersede && { supersede: false }),
    ...(options.reuse !== undefined && { reuse: reuseOption(options.reuse) }),
  };
  const owner = await cli.owner();
  const agent = await owner.createAgent({ name, defaultConstraints });
  const { style } = cli.screen;
  cli.screen.result(
    agent,
    () =>
      `${style.paint('✓', 'green')} agent ${style.bold(printable(agent.name))} is registered: ${agent.id}\n` +
      style.dim('  Next: `sledger mcp setup` for a desktop agent, or `sledger session create` for any other.'),
  );
}

function reuseOption(text: string): 'alert' | 'revoke' {
  if (text === 'alert' || text === 'revoke') return text;
  throw new Failure(`--reuse: "${text}" is no policy`, 'Use alert or revoke.', 'bad_option');
}
