import type { SigningKeyView } from '#libs/contracts';
import { toRfc3339 } from '#libs/session';
import type { SigningKey } from '#libs/tokens';
import type { CommandDeps } from '../command-deps.js';
import { secondsOf } from '../new-events.js';

/** Every signing key there ever was, newest first; never a private part. */
export async function listSigningKeys({ keys, heads }: CommandDeps): Promise<SigningKeyView[]> {
  const now = secondsOf(await heads.now());
  const known = await keys.list();
  const signer = await keys.signer(now);
  return known.map((key) => ({
    kid: key.kid,
    state: stateOf(key, signer, now),
    createdAt: toRfc3339(key.createdAt),
    signsFrom: key.signsFrom === null ? null : toRfc3339(key.signsFrom),
    revokedAt: key.revokedAt === null ? null : toRfc3339(key.revokedAt),
  }));
}

function stateOf(key: SigningKey, signer: SigningKey, now: number): SigningKeyView['state'] {
  if (key.revokedAt !== null) return 'revoked';
  if (key.privateKey === null) return 'retired';
  if (key.kid === signer.kid) return 'current';
  return key.signsFrom === null || key.signsFrom > now ? 'next' : 'previous';
}
