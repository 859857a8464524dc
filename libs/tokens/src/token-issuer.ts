import { type KeyObject, sign as signBytes } from 'node:crypto';
import { LedgerError, TOKEN_PREFIX } from '#libs/contracts';
import type { TokenGrant, TokenTexts } from '#libs/session';
import type { KeyRing } from './key-ring.js';
import type { KnownTokens } from './known-tokens.js';
import { claimsOf, hashOfToken, headerText, keyIdOf, MAX_TOKEN_LENGTH } from './token-texts.js';

export interface IssuedToken {
  /** The bare JWT. */
  token: string;
  texts: TokenTexts;
}

/** Makes tokens, and makes the very same token again from its texts: Ed25519 signatures are deterministic. */
export class TokenIssuer {
  constructor(
    private readonly keys: KeyRing,
    private readonly options: { issuer: string; newId: () => string; known: KnownTokens },
  ) {}

  /** Throws BAD_REQUEST for a token that nobody would accept, because it is too long. */
  async issue(grant: TokenGrant, audiences: readonly string[] = []): Promise<IssuedToken> {
    const key = await this.keys.signer(grant.issuedAt);
    const tokenHeader = headerText(key.kid);
    const { issuer, newId, known } = this.options;
    const claims = claimsOf(grant, { issuer, audiences, jti: newId() });
    const tokenPayload = JSON.stringify(claims);
    const token = sign(tokenHeader, tokenPayload, key.privateKey);
    if (TOKEN_PREFIX.length + token.length > MAX_TOKEN_LENGTH) {
      const detail = 'The token would be too long: give the session fewer operations, or its agent fewer audiences.';
      throw new LedgerError('BAD_REQUEST', { detail });
    }
    const tokenHash = hashOfToken(token);
    known.add({ claims, hash: tokenHash, kid: key.kid });
    return { token, texts: { tokenHeader, tokenPayload, tokenHash } };
  }

  /** The token of these texts, or null when it cannot be made again (key gone, or another token results): rotate then. */
  async derive(texts: TokenTexts): Promise<string | null> {
    const key = await this.keys.find(keyIdOf(texts));
    if (!key?.privateKey || key.revokedAt !== null) return null;
    const token = sign(texts.tokenHeader, texts.tokenPayload, key.privateKey);
    return hashOfToken(token) === texts.tokenHash ? token : null;
  }
}

/** RFC 7515, compact. Here and now: to hand 40 µs of work to another thread costs more than the work. */
function sign(header: string, payload: string, key: KeyObject): string {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${input}.${signBytes(null, Buffer.from(input), key).toString('base64url')}`;
}
