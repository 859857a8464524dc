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
import { endOf, isAlive, renewalsText, statusText, timeLeft } from './session-text.js';

export interface ListSessionsOptions {
  agent?: string;
  status?: string;
  limit: string;
  all?: boolean;
}

const STATUSES: readonly string[] = ['active', 'expiring_soon', 'expired', 'revoked'] satisfies SessionView['status'][];

export async function listSessions(cli: Cli, options: ListSessionsOptions): Promise<void> {
  const { status } = options;
  if (status !== undefined && !STATUSES.includes(status)) {
    throw new Failure(`--status: there is no status "${status}"`, `Use ${STATUSES.join(', ')}.`, 'bad_option');
  }
  const limit = countOption('--limit', options.limit);
  const owner = await cli.owner();
  const agentId = options.agent === undefined ? undefined : (await findAgent(owner, options.agent)).id;
  const found = owner.sessions({ agentId, status });
  const wanted = (session: SessionView) => options.all === true || status !== undefined || isAlive(session);
  const items = await cli.screen.during('reading sessions', () => everything(only(found, wanted), limit));
  cli.screen.result({ items }, () => text(cli, items));
}

async function* only<T>(items: AsyncIterable<T>, wanted: (item: T) => boolean): AsyncGenerator<T> {
  for await (const item of items) if (wanted(item)) yield item;
}

function text(cli: Cli, sessions: SessionView[]): string {
  if (sessions.length === 0) return 'No sessions. Issue one: `sledger mcp setup` or `sledger session create`.';
  const { style } = cli.screen;
  const now = new Date();
  const short = shortener(sessions.map(({ id }) => id));
  const rows = sessions.map((session) => [
    short(session.id),
    style.bold(cut(printable(session.agentName), 30)),
    statusText(style, session),
    String(session.generation),
    renewalsText(session),
    timeLeft(style, session, now),
    relative(new Date(endOf(session)), now),
  ]);
  return table(['ID', 'AGENT', 'STATUS', 'GEN', 'RENEWED', 'TOKEN LEFT', 'SESSION ENDS'], rows);
}
