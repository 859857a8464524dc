import type { Database } from '#libs/database';
import type { EventStore, Heads, Ledger } from '#libs/ledger';
import { newId } from '#libs/platform';
import { type KeyRing, KnownTokens, TokenIssuer, TokenVerifier } from '#libs/tokens';

/** What an owner may configure about sessions. Durations are seconds. */
export interface SessionSettings {
  defaults: { expiresIn: number; maxRenewals: number; renewalRejectWindow: number };
  limits: { minTtl: number; minLifetime: number; absoluteLifetime: number };
  previousTokenGrace: number;
}

export interface CommandDeps {
  store: EventStore;
  heads: Heads;
  database: Database;
  keys: KeyRing;
  issuer: TokenIssuer;
  verifier: TokenVerifier;
  settings: SessionSettings;
}

export interface CommandParts {
  database: Database;
  ledger: Ledger;
  keys: KeyRing;
  /** `issuer`: `iss` of every token. */
  config: SessionSettings & { issuer: string };
}

/** What every command works with, whichever door it comes in by. */
export function commandDeps({ database, ledger, keys, config }: CommandParts): CommandDeps {
  const { issuer } = config;
  const known = new KnownTokens();
  return {
    store: ledger,
    heads: ledger,
    database,
    keys,
    issuer: new TokenIssuer(keys, { issuer, newId, known }),
    verifier: new TokenVerifier(keys, { issuer, known }),
    settings: config,
  };
}

/** What a change of a session needs that signs nothing. */
export type ChangeDeps = Pick<CommandDeps, 'store' | 'heads'>;

/** Who asks, and how the request is recognised when it comes again. */
export interface Caller {
  /** As in the event envelope. */
  actor: string;
  requestId: string;
  idempotency?: Idempotency;
}

export interface Idempotency {
  /** Credential and route. */
  scope: string;
  key: string;
  /** Over the request as it was sent. */
  fingerprint: Uint8Array;
}
