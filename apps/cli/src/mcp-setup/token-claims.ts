/** What a token says of itself; nothing here is verified. */
export interface TokenClaims {
  iss: string;
  /** Session id. */
  sid: string;
  /** Agent id. */
  sub: string;
  gen: number;
  /** Epoch seconds. */
  iat: number;
  exp: number;
}

/** Claims of a token in file form or bare. Throws when it is none. */
export function decodeClaims(token: string): TokenClaims {
  const payload = token.split('.')[1] ?? '';
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Partial<TokenClaims>;
  const { iss, sid, sub, gen, iat, exp } = claims;
  const whole =
    typeof iss === 'string' &&
    typeof sid === 'string' &&
    typeof sub === 'string' &&
    [gen, iat, exp].every((value) => Number.isSafeInteger(value));
  if (!whole) throw new SyntaxError('a claim is missing');
  return { iss, sid, sub, gen: gen ?? 0, iat: iat ?? 0, exp: exp ?? 0 };
}
