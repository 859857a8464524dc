import type { OwnerClient } from '#libs/client';
import type { SessionView } from '#libs/contracts';
import { findAgent } from '../agents/find-agent.js';
import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { Failure } from '../failure.js';
import { countOption } from '../options.js';
import { shortener } from '../short-id.js';
import { relative } from '#libs/contracts';
import { cut, printable } from '../terminal/printable.js';
import { table } from '../terminal/table.js';
import { endOf, labelsText, renewalsText, statusText, timeLeft } from './session-text.js';

export interface ListSessionsOptions {
  agent?: string;
  status?: string;
  limit: string;
  all?: boolean;
}

const LABELS_WIDTH = 40;
const STATUSES: readonly string[] = ['active', 'expiring_soon', 'expired', 'revoked'] satisfies SessionView['status'][];

export async function listSessions(cli: Cli, options: ListSessionsOptions): Promise<void> {
  const { status } = options;
  if (status !== undefined && !STATUSES.includes(status)) {
    throw new Failure(`--status: there is no status "${status}"`, `Use ${STATUSES.join(', ')}.`, 'bad_option');
  }
  const limit = countOption('--limit', options.limit);
  const owner = await cli.owner();
  const agentId = options.agent === undefined ? undefined : (await findAgent(owner, options.agent)).id;
  const items = await cli.screen.during('reading sessions', () =>
    options.all === true || status !== undefined
      ? everything(owner.sessions({ agentId, status }), limit)
      : alive(owner, agentId, limit),
  );
  cli.screen.result({ items }, () => text(cli, items));
}

/** By kind: of those that have ended there may be thousands for each that is alive, and none of them is read. */
async function alive(owner: OwnerClient, agentId: string | undefined, limit: number): Promise<SessionView[]> {
  const kinds = await Promise.all(
    (['active', 'expiring_soon'] as const).map((status) => everything(owner.sessions({ agentId, status }), limit)),
  );
  // One that went from the one to the other meanwhile is in both.
  const byId = new Map(kinds.flat().map((session) => [session.id, session]));
  return [...byId.values()].sort((left, right) => (left.id < right.id ? 1 : -1)).slice(0, limit);
}

function text(cli: Cli, sessions: SessionView[]): string {
  if (sessions.length === 0) return 'No sessions. Issue one: `sledger mcp setup` or `sledger session create`.';
  const { style } = cli.screen;
  const now = new Date();
  const short = shortener(sessions.map(({ id }) => id));
  const labelled = sessions.some(({ labels }) => Object.keys(labels).length > 0);
  const rows = sessions.map((session) => [
    short(session.id),
    style.bold(cut(printable(session.agentName), 30)),
    statusText(style, session),
    String(session.generation),
    renewalsText(session),
    timeLeft(style, session, now),
    relative(new Date(endOf(session)), now),
    ...(labelled ? [cut(labelsText(session), LABELS_WIDTH)] : []),
  ]);
  const titles = ['ID', 'AGENT', 'STATUS', 'GEN', 'RENEWED', 'TOKEN LEFT', 'SESSION ENDS'];
  return table(labelled ? [...titles, 'LABELS'] : titles, rows);
}
