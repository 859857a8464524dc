import type { CreateSessionBody, SessionWithToken } from '#libs/contracts';
import { findAgent, onlyAgent } from '../agents/find-agent.js';
import type { Cli } from '../cli.js';
import { Failure } from '../failure.js';
import { labelsOption, listOption, renewalsOption, spanOption } from '../options.js';
import { relative, utc } from '#libs/contracts';
import { printable } from '../terminal/printable.js';
import { facts } from '../terminal/table.js';
import { writeTokenFile } from './write-token-file.js';

export interface CreateSessionOptions {
  agent?: string;
  expiresIn?: string;
  maxRenewals?: string;
  lifetime?: string;
  rejectWindow?: string;
  allowedOps?: string;
  maxAmount?: string;
  supersede?: boolean;
  tokenFile?: string;
  reason?: string;
  label?: string[];
}

export async function createSession(cli: Cli, options: CreateSessionOptions): Promise<void> {
  if (options.tokenFile === undefined && !cli.screen.json) {
    throw new Failure(
      'a token is never shown on the screen',
      'Give --token-file <path>, or --output json to pipe it somewhere safe; for a desktop agent use `sledger mcp setup`.',
      'token_needs_a_place',
    );
  }
  const owner = await cli.owner();
  const agent = options.agent === undefined ? await onlyAgent(owner) : await findAgent(owner, options.agent);
  const session = await owner.createSession(requestOf(agent.id, options));
  if (options.tokenFile !== undefined) await writeTokenFile(session.id, session.token, options.tokenFile);
  const { token, ...shown } = session;
  cli.screen.result(
    options.tokenFile === undefined ? { ...shown, token } : { ...shown, tokenFile: options.tokenFile },
    () => createdText(cli, session, options.tokenFile ?? ''),
  );
}

function requestOf(agentId: string, options: CreateSessionOptions): CreateSessionBody {
  const constraints = {
    ...(options.allowedOps !== undefined && { allowedOperations: listOption(options.allowedOps) }),
    ...(options.maxAmount !== undefined && { maxAmountPerTx: options.maxAmount }),
  };
  return {
    agentId,
    ...(options.expiresIn !== undefined && { expiresIn: spanOption('--expires-in', options.expiresIn) }),
    ...(options.maxRenewals !== undefined && { maxRenewals: renewalsOption(options.maxRenewals) }),
    ...(options.lifetime !== undefined && { absoluteLifetime: spanOption('--lifetime', options.lifetime) }),
    ...(options.rejectWindow !== undefined && {
      renewalRejectWindow: spanOption('--reject-window', options.rejectWindow),
    }),
    ...(Object.keys(constraints).length > 0 && { constraints }),
    ...(options.supersede !== undefined && { supersede: options.supersede }),
    ...(options.reason !== undefined && { reason: options.reason }),
    ...(options.label !== undefined && { labels: labelsOption(options.label) }),
  };
}

function createdText(cli: Cli, session: SessionWithToken, tokenFile: string): string {
  const { style } = cli.screen;
  const now = new Date();
  return (
    `${style.paint('✓', 'green')} session created for ${style.bold(printable(session.agentName))}\n` +
    facts(
      [
        ['session', session.id],
        ['token', `${tokenFile} (0600)`],
        ['token ends', `${utc(session.expiresAt)} (${relative(new Date(session.expiresAt), now)})`],
        ['session ends', `${utc(session.endsAt)} (${relative(new Date(session.endsAt), now)})`],
        ['renewals', session.maxRenewals === null ? 'unlimited' : String(session.maxRenewals)],
      ],
      '  ',
    )
  );
}
