import { type SessionWithIssuedToken, sessionViewOf } from '#libs/commands';
import { type SessionWithToken, TOKEN_PREFIX } from '#libs/contracts';

/** The answer of create, renew and rotate, with the token in its file form. */
export function sessionWithTokenOf({ head, token, now }: SessionWithIssuedToken): SessionWithToken {
  return { ...sessionViewOf(head, now), token: token === null ? null : `${TOKEN_PREFIX}${token}` };
}
