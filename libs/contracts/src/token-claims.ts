import { z } from 'zod';
import { TOKEN_PREFIX } from './names.js';

/** Header of a session token (RFC 9068). */
export const tokenHeader = z.object({ alg: z.literal('EdDSA'), typ: z.literal('at+jwt'), kid: z.string() });

/** Claims of a session token. Times are epoch seconds. */
export const tokenClaims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  /** Agent id. */
  sub: z.uuid(),
  client_id: z.uuid(),
  /** Session id. */
  sid: z.uuid(),
  jti: z.uuid(),
  gen: z.int().min(0),
  iat: z.int(),
  nbf: z.int().optional(),
  exp: z.int(),
  /** Allowed operations, separated by blanks; absent means unrestricted. */
  scope: z.string().optional(),
});
export type TokenClaims = z.infer<typeof tokenClaims>;

/** The bare JWT of either form that the API takes. */
export function bareToken(token: string): string {
  return token.startsWith(TOKEN_PREFIX) ? token.slice(TOKEN_PREFIX.length) : token;
}
