import type { OwnerClient } from '#libs/client';
import type { HolderView, SessionView } from '#libs/contracts';
import { findAgent } from '../agents/find-agent.js';
import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { findSession } from '../sessions/find-session.js';
import { isAlive } from '../sessions/session-text.js';
import { shortener } from '../short-id.js';
import { relative } from '#libs/contracts';
import { printable } from '../terminal/printable.js';
import type { Style } from '../terminal/style.js';
import { table } from '../terminal/table.js';
import { receiptsLine } from './receipts-line.js';

export async function listHolders(cli: Cli, options: { agent?: string; session?: string }): Promise<void> {
  const owner = await cli.owner();
  const agentId = options.agent === undefined ? undefined : (await findAgent(owner, options.agent)).id;
  const sessionId = options.session === undefined ? undefined : (await findSession(owner, options.session)).id;
  const items = await everything(owner.holders({ agentId, sessionId }));
  const sessions = cli.screen.json ? new Map<string, SessionView>() : await sessionsOf(owner, items);
  const receipts = sessionId === undefined ? null : await owner.sessionHolders(sessionId);
  cli.screen.result({ items, ...(receipts && { receipts }) }, () => {
    const list = text(cli.screen.style, items, sessions);
    return receipts === null || items.length === 0 ? list : `${list}\n\n${receiptsLine(receipts)}`;
  });
}

async function sessionsOf(owner: OwnerClient, holders: HolderView[]): Promise<Map<string, SessionView>> {
  const ids = [...new Set(holders.map(({ sessionId }) => sessionId))];
  const sessions = await Promise.all(ids.map((id) => owner.session(id)));
  return new Map(sessions.map((session) => [session.id, session]));
}

function text(style: Style, holders: HolderView[], sessions: Map<string, SessionView>): string {
  if (holders.length === 0) return 'No holders. `sledger mcp setup` registers this installation.';
  const now = new Date();
  const short = shortener(holders.flatMap(({ id, sessionId }) => [id, sessionId]));
  const rows = holders.map((holder) => [
    short(holder.id),
    style.bold(printable(holder.name)),
    printable(sessions.get(holder.sessionId)?.agentName ?? holder.agentId),
    short(holder.sessionId),
    holder.generation === null ? '-' : String(holder.generation),
    stateOf(style, holder, sessions.get(holder.sessionId)),
    holder.lastSeenAt === null ? 'never' : relative(new Date(holder.lastSeenAt), now),
  ]);
  return table(['ID', 'NAME', 'AGENT', 'SESSION', 'RUNS', 'STATE', 'SEEN'], rows);
}

function stateOf(style: Style, holder: HolderView, session: SessionView | undefined): string {
  if (session === undefined) return '-';
  if (!isAlive(session)) return style.paint(`session ${session.status}`, 'red');
  if (holder.generation === null) return style.paint('not seen yet', 'yellow');
  return holder.generation === session.generation
    ? style.paint('current', 'green')
    : style.paint(`behind (current is ${session.generation})`, 'yellow');
}
