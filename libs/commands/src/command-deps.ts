import type { Database } from '#libs/database';
import type { EventStore, Heads } from '#libs/ledger';
import type { KeyRing, TokenIssuer, TokenVerifier } from '#libs/tokens';

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
