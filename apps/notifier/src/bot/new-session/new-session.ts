import { createHash } from 'node:crypto';
import { createSession, sessionViewOf } from '#libs/commands';
import { duration, LedgerError, ERRORS, type SessionView, utc } from '#libs/contracts';
import { newId } from '#libs/platform';
import type { BotTurn } from '../bot-context.js';
import { enabledAgents, type KnownAgent } from '../bot-queries.js';
import { newSessionButton } from '../buttons.js';
import type { BotScope } from '../bot-scope.js';
import { shortText } from '../short-text.js';
import { writeTokenHere } from './write-token-here.js';

/** Telegram takes up to 100 buttons; more than these are found by name. */
const OFFERED = 40;

/** None: how to add one. One: at once. Several: a keyboard, or the name after the command. */
export async function newSession(scope: BotScope, turn: BotTurn, argument: string): Promise<void> {
  const agents = await enabledAgents(scope.commands.database, 1000);
  if (agents.length === 0) {
    return turn.reply('There are no agents yet. Add one on the server: sledger agent add <name>');
  }
  const [only] = agents;
  const named = agents.find(({ name }) => name === argument);
  const chosen = named ?? (argument === '' && agents.length === 1 ? only : undefined);
  if (chosen) {
    await createFor(scope, turn, chosen);
    return;
  }
  if (argument !== '')
    return turn.reply(`There is no enabled agent “${shortText(argument)}”. Send /newsession for the list.`);
  const rows = agents.slice(0, OFFERED).map(({ agentId, name }) => [newSessionButton(shortText(name), agentId)]);
  const more = agents.length > OFFERED ? ` ${agents.length - OFFERED} more: /newsession <name>` : '';
  return turn.reply(`For which agent?${more}`, rows);
}

/** A press on one of the agents. The keyboard does its work once, however often it is pressed. */
export async function createChosen(scope: BotScope, turn: BotTurn, agentId: string): Promise<void> {
  const messageId = turn.keyboardMessageId;
  if (messageId === undefined || !(await scope.updates.useKeyboard(turn.chatId, messageId, turn.updateId))) {
    return turn.acknowledge('This keyboard was used already. Send /newsession for another session.');
  }
  await turn.acknowledge();
  const agent = await scope.commands.heads.agent(agentId);
  if (!agent) return turn.replace('Failed to create session: this agent does not exist any more.');
  const created = await createFor(scope, turn, { agentId, name: agent.name });
  if (!created) await scope.updates.returnKeyboard(turn.chatId, messageId);
}

/** Makes the session and says so; false when that was refused. */
async function createFor(scope: BotScope, turn: BotTurn, agent: KnownAgent): Promise<boolean> {
  let created;
  try {
    created = await createSession(
      scope.commands,
      { agentId: agent.agentId, reason: 'asked for in Telegram' },
      { actor: turn.actor, requestId: newId(), idempotency: idempotencyOf(scope, turn, agent.agentId) },
    );
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    await turn.replace(`Failed to create session: ${error.message} ${ERRORS[error.code].hint}`);
    return false;
  }
  const view = sessionViewOf(created.head, created.now);
  const written = await writeTokenHere(scope.dataDir, agent.agentId, created.token);
  scope.logger.info({ sessionId: view.id, actor: turn.actor }, 'a session was created from Telegram');
  await turn.replace(
    written.kind === 'failed'
      ? `Session created but token file write failed: ${written.reason}\n\n${createdText(view)}`
      : `${createdText(view)}\n${written.kind === 'written' ? `Token file: ${written.path}` : written.reason}`,
  );
  return true;
}

/** The same update again gives the same session again. */
function idempotencyOf({ account }: BotScope, turn: BotTurn, agentId: string) {
  return {
    scope: `telegram:${account().botId}`,
    key: String(turn.updateId),
    fingerprint: createHash('sha256').update(agentId).digest(),
  };
}

function createdText(session: SessionView): string {
  const now = Date.now();
  const inTime = (at: string) => `${utc(at)} (in ${duration((Date.parse(at) - now) / 1000)})`;
  return [
    `New session for ${shortText(session.agentName)}`,
    `Session: ${session.id}`,
    `Token until: ${inTime(session.expiresAt)}`,
    `Ends: ${inTime(session.endsAt)}`,
    `Renewals: ${session.maxRenewals ?? 'no limit'}`,
    'Running MCP processes take it by themselves.',
  ].join('\n');
}
