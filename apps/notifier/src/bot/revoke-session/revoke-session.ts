import type { BotTurn } from '../bot-context.js';
import { sessionsByPrefix } from '../bot-queries.js';
import { CANCEL_BUTTON, confirmButton, revokeButton } from '../buttons.js';
import type { BotScope } from '../bot-scope.js';
import { revokeOnce } from '../revoke-once.js';
import { readAlive, sessionLine } from '../list-sessions/list-sessions.js';
import { shortId, shortText } from '../short-text.js';
import { currentView, staleText } from '../session-now.js';

const OFFERED = 20;
const PREFIX = /^[0-9a-f-]{4,36}$/;

interface OnSession {
  sessionId: string;
  generation: number;
}

/** `/revoke`: which one? `/revoke 0197c2…`: really? Nothing ends without a second press. */
export async function offerRevocation(scope: BotScope, turn: BotTurn, argument: string): Promise<void> {
  if (argument !== '') return offerNamed(scope, turn, argument.toLowerCase());
  const sessions = await readAlive(scope, OFFERED);
  if (sessions.length === 0) return turn.reply('No session is alive.');
  const rows = sessions.map((session) => [
    revokeButton(`${shortText(session.agentName, 40)} (${shortId(session.id)})`, session.id, session.generation),
  ]);
  await turn.reply('Which session shall end?', [...rows, [CANCEL_BUTTON]]);
}

async function offerNamed(scope: BotScope, turn: BotTurn, prefix: string): Promise<void> {
  if (!PREFIX.test(prefix))
    return turn.reply('Give the beginning of a session id, at least four characters. See /sessions.');
  const found = await sessionsByPrefix(scope.commands.database, prefix, 2);
  const [session] = found;
  if (session === undefined) return turn.reply(`No living session begins with ${prefix}. See /sessions.`);
  if (found.length > 1) return turn.reply(`Several sessions begin with ${prefix}. Give more of the id.`);
  await ask(scope, session.sessionId, (text, keyboard) => turn.reply(text, keyboard));
}

export async function askToRevoke(scope: BotScope, turn: BotTurn, { sessionId }: OnSession): Promise<void> {
  await turn.acknowledge();
  await ask(scope, sessionId, (text, keyboard) => turn.replace(text, keyboard));
}

async function ask(
  scope: BotScope,
  sessionId: string,
  say: (text: string, keyboard?: { text: string; callback_data: string }[][]) => Promise<void>,
): Promise<void> {
  const session = await currentView(scope, sessionId);
  if (session === null || (session.status !== 'active' && session.status !== 'expiring_soon')) {
    return say('This session has ended already.');
  }
  await say(`${sessionLine(session)}\n\nIts token will be refused at once. Revoke it?`, [
    [confirmButton(sessionId, session.generation), CANCEL_BUTTON],
  ]);
}

export async function confirmRevoke(scope: BotScope, turn: BotTurn, on: OnSession): Promise<void> {
  const { outcome, head } = await revokeOnce(scope, turn, {
    sessionId: on.sessionId,
    onlyGeneration: on.generation,
    reason: 'revoked in Telegram',
  });
  if (outcome !== 'revoked') {
    const text = staleText(outcome, head);
    await turn.acknowledge(text);
    return turn.replace(text);
  }
  await turn.acknowledge('Revoked.');
  await turn.replace(
    `Session ${shortId(on.sessionId)} of ${shortText(head.agentName)} is revoked. /newsession makes another.`,
  );
}
