import { decodeJwt } from 'jose/jwt/decode';
import { z } from 'zod';
import { bareToken, TOKEN_PREFIX } from '#libs/contracts';
import { isTokenForm } from '#libs/token-file';

const YEAR = 365 * 86_400;

const claims = z.object({
  iss: z.string().optional(),
  sub: z.string().optional(),
  sid: z.string().min(1),
  gen: z.int().min(0),
  iat: z.int(),
  exp: z.int(),
});

/** A token as a client sees it: decoded, not verified. Times are epoch seconds. */
export interface HeldToken extends z.infer<typeof claims> {
  /** File form: `sl_sess_` and the JWT. */
  token: string;
}

/** The decoded token of either form, or null when it is not one that could be used. */
export function holdToken(text: string, nowSeconds = Date.now() / 1000): HeldToken | null {
  const token = TOKEN_PREFIX + bareToken(text.trim());
  if (!isTokenForm(token)) return null;
  try {
    const read = claims.parse(decodeJwt(bareToken(token)));
    const plausible = read.exp > nowSeconds - 10 * YEAR && read.exp < nowSeconds + YEAR && read.exp > read.iat;
    return plausible ? { ...read, token } : null;
  } catch {
    return null;
  }
}
