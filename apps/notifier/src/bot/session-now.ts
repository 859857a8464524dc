import { snapshotViewOf } from '#libs/commands';
import type { SessionView } from '#libs/contracts';
import type { SessionHead } from '#libs/ledger';
import type { BotScope } from './bot-scope.js';
import { shortText } from './short-text.js';

/** A session as it is now; null when there is no such session. */
export async function currentView({ commands }: BotScope, sessionId: string): Promise<SessionView | null> {
  const snapshot = await commands.heads.session(sessionId);
  return snapshot && snapshotViewOf(snapshot);
}

/** What a button says that came too late. */
export function staleText(outcome: 'ended' | 'moved_on', head: SessionHead): string {
  const agent = shortText(head.agentName, 40);
  return outcome === 'ended'
    ? `Nothing was done: the session of ${agent} had ended already (${head.status}).`
    : `Nothing was done: the session of ${agent} has a newer token than this button knows (generation ${head.generation}).`;
}
