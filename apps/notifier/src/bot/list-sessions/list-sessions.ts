import { snapshotViewOf } from '#libs/commands';
import { duration, type SessionView } from '#libs/contracts';
import type { BotTurn } from '../bot-context.js';
import { aliveSessions } from '../bot-queries.js';
import type { BotScope } from '../bot-scope.js';
import { shortId, shortText } from '../short-text.js';

const SHOWN = 20;

export async function listSessions(scope: BotScope, turn: BotTurn): Promise<void> {
  const views = await readAlive(scope, SHOWN + 1);
  if (views.length === 0) return turn.reply('No session is alive. /newsession makes one.');
  const lines = views.slice(0, SHOWN).map(sessionLine);
  const more = views.length > SHOWN ? ['', `The ${SHOWN} newest; all of them: sledger session list`] : [];
  await turn.reply([...lines, ...more].join('\n'));
}

/** Living sessions as every door shows them, the newest first. */
export async function readAlive({ commands }: BotScope, limit: number): Promise<SessionView[]> {
  const alive = await aliveSessions(commands.database, limit);
  const snapshots = await Promise.all(alive.map(({ sessionId }) => commands.heads.session(sessionId)));
  return snapshots.flatMap((snapshot) => (snapshot ? [snapshotViewOf(snapshot)] : []));
}

export function sessionLine(session: SessionView): string {
  const left = (at: string) => duration((Date.parse(at) - Date.now()) / 1000);
  const renewals = session.maxRenewals === null ? '' : `, ${session.remainingRenewals} renewals left`;
  const mark = session.status === 'expiring_soon' ? '⚠️' : '•';
  return (
    `${mark} ${shortText(session.agentName)} (${shortId(session.id)}): token ${left(session.expiresAt)}, ` +
    `session ${left(session.expiringSoon?.endsAt ?? session.endsAt)}${renewals}`
  );
}
