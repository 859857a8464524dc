import type { BotTurn } from '../bot-context.js';
import type { BotScope } from '../bot-scope.js';
import { revokeOnce } from '../revoke-once.js';
import { staleText } from '../session-now.js';
import { shortId, shortText } from '../short-text.js';
import { closeOtherButtons } from './close-other-buttons.js';

/**
 * [Reject] under a renewal: ends the session, if that renewal is still its last. The other channels hear of it as of any
 * revocation; the messages that still carry the button are changed here.
 */
export async function rejectRenewal(
  scope: BotScope,
  turn: BotTurn,
  on: { sessionId: string; generation: number },
): Promise<void> {
  const { outcome, head } = await revokeOnce(scope, turn, {
    sessionId: on.sessionId,
    onlyGeneration: on.generation,
    trigger: 'renewal_rejected',
    reason: 'renewal rejected in Telegram',
  });
  const text =
    outcome === 'revoked'
      ? `Renewal rejected: session ${shortId(on.sessionId)} of ${shortText(head.agentName)} is revoked.`
      : staleText(outcome, head);
  await turn.acknowledge(outcome === 'revoked' ? 'Rejected.' : text);
  await turn.replace(text);
  if (outcome === 'revoked') await closeOtherButtons(scope, turn, on, text);
}
