import { type Revocation, revokeSession, type RevokeSessionCommand } from '#libs/commands';
import { sessionStream } from '#libs/contracts';
import type { BotTurn } from './bot-context.js';
import type { BotScope } from './bot-scope.js';

/**
 * Ends a session for an update. One that comes again, because what followed failed, is told what it did the first time: the
 * revocation carries the update's id.
 */
export async function revokeOnce(
  scope: BotScope,
  turn: BotTurn,
  command: RevokeSessionCommand,
): Promise<Pick<Revocation, 'outcome' | 'head'>> {
  const requestId = `telegram:${scope.account().botId}:${turn.updateId}`;
  const { outcome, head } = await revokeSession(scope.commands, command, { actor: turn.actor, requestId });
  if (outcome !== 'ended') return { outcome, head };
  const events = await scope.commands.store.readStream(sessionStream(command.sessionId));
  const didIt = events.some((event) => event.type === 'SessionRevoked' && event.requestId === requestId);
  return { outcome: didIt ? 'revoked' : outcome, head };
}
