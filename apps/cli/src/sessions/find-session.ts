import type { OwnerClient } from '#libs/client';
import type { SessionView } from '#libs/contracts';
import { everything } from '../everything.js';
import { Failure } from '../failure.js';
import { isFullId, isIdPrefix, pick } from '../short-id.js';

const KIND = { one: 'session', listCommand: 'sledger session list --all' };

/** The session that `text` means: its id, or the beginning of it. */
export async function findSession(owner: OwnerClient, text: string): Promise<SessionView> {
  const wanted = text.toLowerCase();
  if (isFullId(wanted)) return owner.session(wanted);
  if (!isIdPrefix(wanted)) {
    throw new Failure(`"${text}" is no session id`, `See \`${KIND.listCommand}\`.`, 'not_found');
  }
  return pick(wanted, await everything(owner.sessions({ idPrefix: wanted })), KIND);
}
