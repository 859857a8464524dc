import type { CallExplanation, OwnerClient } from '#libs/client';
import { utc, type CloudEvent } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { EXIT, Failure } from '../failure.js';
import { countOption, momentOption, spanOption } from '../options.js';
import { decodeClaims, type TokenClaims } from '../mcp-setup/token-claims.js';
import { findSession } from '../sessions/find-session.js';
import { printable } from '../terminal/printable.js';
import { columns } from '../terminal/table.js';

export interface ExplainOptions {
  at?: string;
  generation?: string;
  grace: string;
  name?: string;
}

const CONTEXT = ['AgentDisabled', 'AgentEnabled'] as const;
const SYSTEM = ['KillSwitchActivated', 'KillSwitchReleased'] as const;

/** Exit 0 when the call was accepted, 1 when it was refused. */
export async function explain(cli: Cli, options: ExplainOptions, text: string | undefined): Promise<number> {
  const held = await heldToken(cli.settings.dataDir, options.name);
  if (text === undefined && held === null) {
    throw new Failure(
      'there is no token file here',
      'Name a session: `sledger explain <session>`.',
      'token_file_missing',
    );
  }
  const owner = await cli.owner();
  const session = await findSession(owner, text ?? held?.sid ?? '');
  const { explainCall } = await import('#libs/client');
  const generation = generationOf(options, session.id, held);
  const at = options.at === undefined ? new Date() : momentOption('--at', options.at);
  const [events, context] = await cli.screen.during('reading the ledger', () =>
    Promise.all([everything(owner.sessionEvents(session.id)), contextOf(owner, session.agentId)]),
  );
  const explanation = explainCall(
    { session: events, context },
    { at, graceSeconds: spanOption('--grace', options.grace), ...(generation !== undefined && { generation }) },
  );
  cli.screen.result({ sessionId: session.id, at: utc(at), ...explanation }, () =>
    explanationText(cli, session.agentName, explanation),
  );
  return explanation.accepted ? EXIT.done : EXIT.failed;
}

async function heldToken(dataDir: string, name: string | undefined): Promise<TokenClaims | null> {
  const { getMcpTokenPath, readMcpToken } = await import('#libs/token-file');
  const token = readMcpToken(getMcpTokenPath(dataDir, name));
  if (token === null) return null;
  try {
    return decodeClaims(token);
  } catch {
    return null;
  }
}

/** The file's generation counts when the file is of this session and the question is about now. */
function generationOf(options: ExplainOptions, sessionId: string, held: TokenClaims | null): number | undefined {
  if (options.generation !== undefined) return countOption('--generation', options.generation);
  return options.at === undefined && held?.sid === sessionId ? held.gen : undefined;
}

async function contextOf(owner: OwnerClient, agentId: string): Promise<CloudEvent[]> {
  const lists = await Promise.all([
    ...CONTEXT.map((type) => everything(owner.audit({ type, agentId }))),
    ...SYSTEM.map((type) => everything(owner.audit({ type }))),
  ]);
  return lists.flat();
}

function explanationText(cli: Cli, agentName: string, explanation: CallExplanation): string {
  const { style } = cli.screen;
  const { accepted, verdict, errorCode, summary, remedy, chain } = explanation;
  const mark = accepted ? style.paint('✓', 'green') : style.paint('✗', 'red');
  const code = errorCode === null ? verdict : `${verdict} (the call got ${errorCode})`;
  return [
    `${mark} ${style.bold(code)} – ${printable(agentName)}`,
    printable(summary),
    ...(chain.length === 0
      ? []
      : [
          '',
          columns(
            chain.map(({ at, actor, what }) => [style.dim(utc(at)), printable(actor), printable(what)]),
            '  ',
          ),
          '',
        ]),
    `${style.paint('→', 'cyan')} ${remedy}`,
  ].join('\n');
}
