import { hash } from 'node:crypto';
import type { TokenTexts, TokenGrant } from '#libs/session';
import type { TokenClaims } from '#libs/contracts';
import { ALGORITHM } from './signing-key.js';

/** Characters of a token in its file form. A longer one is refused unread, by the token file too, and never issued. */
export const MAX_TOKEN_LENGTH = 8_192;

/** SHA-256 of a bare token, lower-case hex. */
export function hashOfToken(token: string): string {
  return hash('sha256', token, 'hex');
}

export function headerText(kid: string): string {
  return JSON.stringify({ alg: ALGORITHM, typ: 'at+jwt', kid });
}

export interface ClaimsInput {
  issuer: string;
  /** Besides the issuer. */
  audiences: readonly string[];
  /** UUID. */
  jti: string;
}

export function claimsOf(grant: TokenGrant, { issuer, audiences, jti }: ClaimsInput): TokenClaims {
  return {
    iss: issuer,
    aud: [...new Set([issuer, ...audiences])],
    sub: grant.agentId,
    client_id: grant.agentId,
    sid: grant.sessionId,
    jti,
    gen: grant.generation,
    iat: grant.issuedAt,
    exp: grant.expiresAt,
    ...(grant.allowedOperations && { scope: grant.allowedOperations.join(' ') }),
  };
}

/** The audiences of a session's token besides its issuer. */
export function audiencesOf(texts: Pick<TokenTexts, 'tokenPayload'>): string[] {
  const { aud, iss } = JSON.parse(texts.tokenPayload) as { aud: string[]; iss: string };
  return aud.filter((audience) => audience !== iss);
}

/** Which key a token was signed with. */
export function keyIdOf(texts: Pick<TokenTexts, 'tokenHeader'>): string {
  return (JSON.parse(texts.tokenHeader) as { kid: string }).kid;
}
