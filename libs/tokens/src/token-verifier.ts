import { verify as verifyBytes, type KeyObject } from 'node:crypto';
import { decodeProtectedHeader, type ProtectedHeaderParameters } from 'jose';
import { bareToken, LedgerError, tokenClaims, type TokenClaims } from '#libs/contracts';
import type { KeyRing } from './key-ring.js';
import type { KnownToken, KnownTokens } from './known-tokens.js';
import { ALGORITHM } from './signing-key.js';
import { hashOfToken, headerText, MAX_TOKEN_LENGTH } from './token-texts.js';

/** Says whether a token is ours. Time and session state are for the caller, who has the database's clock. */
export class TokenVerifier {
  /** `known`: their signatures need no other look. Whether the key is still trusted is asked each time. */
  constructor(
    private readonly keys: KeyRing,
    private readonly options: { issuer: string; known: KnownTokens },
  ) {}

  /** Throws a LedgerError of the table: TOKEN_INVALID, _ALG_NOT_ALLOWED, _KEY_UNKNOWN or _AUDIENCE_MISMATCH. */
  async verify(presented: string): Promise<KnownToken> {
    if (presented.length > MAX_TOKEN_LENGTH) throw new LedgerError('TOKEN_INVALID');
    const token = bareToken(presented);
    const hash = hashOfToken(token);
    const known = this.options.known.find(hash);
    if (known) {
      await this.trustedKey(known.kid);
      return known;
    }
    const kid = keyIdOfHeader(headerOf(token));
    const publicKey = await this.trustedKey(kid);
    const claims = this.claimsOf(signedPayload(token, kid, publicKey));
    const result = { claims, hash, kid };
    this.options.known.add(result);
    return result;
  }

  /** Throws TOKEN_KEY_UNKNOWN for a key that is not, or no longer, ours. */
  async requireTrusted(kid: string): Promise<void> {
    await this.trustedKey(kid);
  }

  private async trustedKey(kid: string): Promise<KeyObject> {
    const key = await this.keys.find(kid);
    if (!key || key.revokedAt !== null) throw new LedgerError('TOKEN_KEY_UNKNOWN');
    return key.publicKey;
  }

  private claimsOf(payload: Uint8Array): TokenClaims {
    const claims = parseClaims(payload);
    const audiences = typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
    const { issuer } = this.options;
    if (claims.iss !== issuer || !audiences.includes(issuer)) throw new LedgerError('TOKEN_AUDIENCE_MISMATCH');
    return claims;
  }
}

/** Refuses a token before its start or after its end; `now` is database time, epoch seconds. */
export function checkTokenTime(claims: TokenClaims, now: number): void {
  if (now >= claims.exp) throw new LedgerError('TOKEN_EXPIRED');
  if (now < (claims.nbf ?? claims.iat)) throw new LedgerError('TOKEN_NOT_YET_VALID');
}

function headerOf(token: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch (error) {
    throw new LedgerError('TOKEN_INVALID', {}, { cause: error });
  }
}

function keyIdOfHeader(header: ProtectedHeaderParameters): string {
  if (header.alg !== ALGORITHM) throw new LedgerError('TOKEN_ALG_NOT_ALLOWED');
  if (header.typ !== 'at+jwt' || typeof header.kid !== 'string') throw new LedgerError('TOKEN_INVALID');
  return header.kid;
}

/**
 * The payload of a token whose signature is good. Its header must be the very text that we write: no parameter of another's
 * making plays a part. Checked here and now: to hand it to another thread costs more than it spares.
 */
function signedPayload(token: string, kid: string, key: KeyObject): Uint8Array {
  const [header = '', payload = '', signature = '', ...more] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const isOurs =
    more.length === 0 &&
    header === Buffer.from(headerText(kid)).toString('base64url') &&
    // One text for one signature: what the decoder would overlook is no part of it.
    signature === bytes.toString('base64url') &&
    verifyBytes(null, Buffer.from(`${header}.${payload}`), key, bytes);
  if (!isOurs) throw new LedgerError('TOKEN_INVALID');
  return Buffer.from(payload, 'base64url');
}

function parseClaims(payload: Uint8Array): TokenClaims {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    throw new LedgerError('TOKEN_INVALID', {}, { cause: error });
  }
  const parsed = tokenClaims.safeParse(json);
  if (!parsed.success) throw new LedgerError('TOKEN_INVALID', {}, { cause: parsed.error });
  return parsed.data;
}
