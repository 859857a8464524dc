import type { OwnerClient } from '#libs/client';
import type { SessionWithToken } from '#libs/contracts';
import { everything } from '../everything.js';
import { Failure } from '../failure.js';
import { decodeClaims } from './token-claims.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** The holder without a name of its own. */
const DEFAULT_NAME = 'default';

export function holderName(name: string | undefined): string {
  if (name === undefined) return DEFAULT_NAME;
  if (NAME.test(name) && name !== DEFAULT_NAME) return name;
  throw new Failure(
    `--name: "${name}" cannot be a holder's name`,
    'Use letters, digits, dots and dashes.',
    'bad_option',
  );
}

/**
 * Makes this installation a holder of the session. The keys that it has already are kept when the server still knows
 * them: a superseded session has handed its holders on by itself, else the holder is assigned anew.
 */
export async function holdSession(
  owner: OwnerClient,
  { dataDir, session, name }: { dataDir: string; session: SessionWithToken; name: string },
): Promise<string> {
  const { generateHolderKeys, loadHolder, publicKeysOf, saveHolder } = await import('#libs/client');
  const { iss: issuer } = decodeClaims(session.token ?? '');
  const present = loadHolder(dataDir, name);
  if (present !== null && present.issuer === issuer) {
    const registered = (await everything(owner.holders({ agentId: session.agentId }))).find(
      ({ id }) => id === present.holderId,
    );
    if (registered !== undefined) {
      if (registered.sessionId !== session.id) await owner.assignHolder(registered.id, { sessionId: session.id });
      return registered.id;
    }
  }
  const keys = await generateHolderKeys();
  const holder = await owner.registerHolder({ sessionId: session.id, name, ...publicKeysOf(keys) });
  await saveHolder(dataDir, { holderId: holder.id, issuer, baseUrl: owner.http.baseUrl, ...keys }, name);
  return holder.id;
}
