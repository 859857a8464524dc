import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { bareToken, JWKS_MAX_AGE, tokenClaims, type ErrorCode, type TokenClaims } from '#libs/contracts';
import { OwnerHttp } from '../owner/owner-http.js';
import { RevocationFeed } from './revocation-feed.js';

export interface VerifierOptions {
  /** `iss` of the tokens, as the server's LEDGER_ISSUER says. */
  issuer: string;
  /** Which of the token's audiences this resource server is; default: the issuer itself. */
  audience?: string;
  /** Where the server is reached; default: the issuer. */
  baseUrl?: string;
  /** An API key with the role `resource`. Without one there is no feed, and a token counts until its `exp`. */
  apiKey?: string;
  /** How often the feed is read, milliseconds. */
  pollMs?: number;
  /** A feed older than this no longer vouches for a token, milliseconds; Infinity to accept on `exp` alone then. */
  maxFeedAgeMs?: number;
  /** Told when the feed cannot be read; it is tried again at the next poll. */
  onFeedError?: (error: unknown) => void;
}

export type TokenVerdict =
  { ok: true; claims: TokenClaims } | { ok: false; code: ErrorCode | 'FEED_STALE'; message: string };

const DEFAULT_POLL_MS = 1_000;
const DEFAULT_MAX_FEED_AGE_MS = 60_000;

/** Verifies tokens offline: signature by JWKS, time by `exp`, revocation and superseded generations by the feed. */
export interface Verifier extends AsyncDisposable {
  verify(token: string): Promise<TokenVerdict>;
  /** Reads the feed to its end now. Throws when it cannot be read. */
  refresh(): Promise<void>;
}

/**
 * @example
 * await using verifier = createVerifier({ issuer: 'https://ledger.example', apiKey });
 * const verdict = await verifier.verify(bearer);
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const baseUrl = options.baseUrl ?? options.issuer;
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', baseUrl), {
    cooldownDuration: 1_000,
    // The answer's own max-age, which is not looked at: a revoked key is taken no longer than that.
    cacheMaxAge: JWKS_MAX_AGE * 1000,
  });
  const feed = options.apiKey ? new RevocationFeed(new OwnerHttp({ baseUrl, credential: options.apiKey })) : null;
  const poll = () => void feed?.refresh().catch((error: unknown) => options.onFeedError?.(error));
  const timer = feed && setInterval(poll, options.pollMs ?? DEFAULT_POLL_MS).unref();
  poll();

  return {
    async verify(token) {
      const signed = await verifySignature(bareToken(token), keys, options);
      if (!signed.ok || !feed) return signed;
      if (feed.ageMs > (options.maxFeedAgeMs ?? DEFAULT_MAX_FEED_AGE_MS)) {
        await feed.refresh().catch((error: unknown) => options.onFeedError?.(error));
        if (feed.ageMs > (options.maxFeedAgeMs ?? DEFAULT_MAX_FEED_AGE_MS)) {
          return refused('FEED_STALE', 'the revocation feed cannot be read: ask POST /oauth/introspect instead');
        }
      }
      return judgeByFeed(signed.claims, feed);
    },
    async refresh() {
      await feed?.refreshAnew();
    },
    [Symbol.asyncDispose]: () => {
      if (timer) clearInterval(timer);
      return Promise.resolve();
    },
  };
}

function judgeByFeed(claims: TokenClaims, feed: RevocationFeed): TokenVerdict {
  if (feed.killSwitchActive) return refused('KILL_SWITCH_ACTIVE', 'the kill switch is on');
  if (feed.dead.isDead(claims, Math.floor(Date.now() / 1000))) {
    return refused('SESSION_REVOKED', 'the session has ended or a newer token of it exists');
  }
  return { ok: true, claims };
}

async function verifySignature(
  token: string,
  keys: ReturnType<typeof createRemoteJWKSet>,
  { issuer, audience = issuer }: VerifierOptions,
): Promise<TokenVerdict> {
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', algorithms: ['EdDSA'] });
    const claims = tokenClaims.safeParse(payload);
    if (!claims.success) return refused('TOKEN_INVALID', 'it lacks a claim that a session token has');
    return { ok: true, claims: claims.data };
  } catch (error) {
    return refused(codeOf(error), (error as Error).message);
  }
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof errors.JWTExpired) return 'TOKEN_EXPIRED';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'TOKEN_ALG_NOT_ALLOWED';
  if (error instanceof errors.JWKSNoMatchingKey) return 'TOKEN_KEY_UNKNOWN';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf'
      ? 'TOKEN_NOT_YET_VALID'
      : error.claim === 'typ'
        ? 'TOKEN_INVALID'
        : 'TOKEN_AUDIENCE_MISMATCH';
  }
  // Not about the token: the keys cannot be had.
  const isKeysFault = error instanceof errors.JWKSTimeout || (error as Error).constructor === errors.JOSEError;
  if (isKeysFault || !(error instanceof errors.JOSEError)) return 'UPSTREAM_UNAVAILABLE';
  return 'TOKEN_INVALID';
}

function refused(code: ErrorCode | 'FEED_STALE', message: string): TokenVerdict {
  return { ok: false, code, message };
}
