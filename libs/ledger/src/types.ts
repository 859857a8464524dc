import type { AgentDefaults, ApiKeyRole, DomainEvent, EventType } from '#libs/contracts';
import type { SessionState } from '#libs/session';

/** The write model of a session: its state and when the sweep looks at it at the latest. */
export interface SessionHead extends SessionState {
  /** Epoch seconds; null once the session has ended. */
  dueAt: number | null;
}

export interface AgentHead {
  agentId: string;
  name: string;
  enabled: boolean;
  defaultConstraints: AgentDefaults;
  /** Epoch seconds. */
  createdAt: number;
  version: number;
}

export interface HolderHead {
  holderId: string;
  agentId: string;
  sessionId: string;
  name: string;
  /** Public Ed25519 JWK. */
  signingKey: { kty: 'OKP'; crv: 'Ed25519'; x: string };
  /** Public X25519 JWK. */
  sealingKey: { kty: 'OKP'; crv: 'X25519'; x: string };
  createdAt: number;
  removedAt: number | null;
}

export interface ApiKeyHead {
  keyId: string;
  name: string;
  role: ApiKeyRole;
  /** The only agents that the key sees; null for all. */
  agents: string[] | null;
  /** SHA-256 of the whole key, lower-case hex. */
  secretHash: string;
  /** Actor, as in the envelope. */
  createdBy: string;
  createdAt: number;
  revokedAt: number | null;
}

export interface KillSwitch {
  active: boolean;
  reason: string | null;
  changedAt: number;
}

/** An event to be appended; id and time are given so that a decision can be replayed. */
export type NewEvent = DomainEvent & {
  /** UUID v7. */
  id: string;
  /** Epoch milliseconds, database time. */
  time: number;
};

export interface StreamAppend {
  streamId: string;
  /** 0 = must not exist, n = exactly n, null = append at the end. */
  expectedVersion: number | null;
  events: NewEvent[];
}

/** One transaction: all of it happens, or none. */
export interface AppendRequest {
  streams: StreamAppend[];
  heads?: {
    sessions?: SessionHead[];
    agents?: AgentHead[];
    holders?: HolderHead[];
    apiKeys?: ApiKeyHead[];
    killSwitch?: KillSwitch;
  };
  /** Who does it, as in the envelope. */
  actor: string;
  requestId: string;
  /** Makes a repeated command return its first answer; the fingerprint is over the command, not over its events. */
  idempotency?: { scope: string; key: string; fingerprint: Uint8Array };
  /** Revocation, expiry and the owner's system commands go on while the kill switch is on. */
  duringKillSwitch?: boolean;
}

export interface AppendedStream {
  streamId: string;
  firstVersion: number;
  lastVersion: number;
  /** Head of the stream's hash chain, lower-case hex: whoever keeps it can detect any later edit of the stream. */
  head: string;
}

export interface AppendResult {
  /** True when this command was recorded before and nothing was written now. */
  replayed: boolean;
  streams: AppendedStream[];
}

/** A stored fact, as read back. */
export interface StoredEvent {
  streamId: string;
  version: number;
  id: string;
  type: EventType;
  schemaVersion: number;
  /** RFC 3339 with microseconds, as hashed. */
  time: string;
  actor: string;
  requestId: string;
  /** Canonical JSON text, as hashed. */
  payload: string;
  data: DomainEvent['data'];
  /** Lower-case hex. */
  leaf: string;
}

/** A stored fact with its place in the log. */
export interface LogEntry extends StoredEvent {
  position: number;
}

export class VersionConflict extends Error {
  override readonly name = 'VersionConflict';
  constructor(
    readonly streamId: string,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`${streamId} is at version ${actual}, expected ${expected}. Load it again and decide again.`);
  }
}

export class IdempotencyMismatch extends Error {
  override readonly name = 'IdempotencyMismatch';
  constructor(readonly key: string) {
    super(`command ${key} was recorded with another content`);
  }
}

export class KillSwitchActive extends Error {
  override readonly name = 'KillSwitchActive';
}

/** The token of a head was signed with a key that is revoked: read the keys again and issue another. */
export class SigningKeyRevoked extends Error {
  override readonly name = 'SigningKeyRevoked';
}

/** An agent of this name exists already. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
}

/** A programmer's mistake in the request: unknown type, forbidden stream id, payload too large, a head that is not its stream's. */
export class InvalidAppend extends TypeError {
  override readonly name = 'InvalidAppend';
}

/** The event store. */
export interface EventStore {
  append(request: AppendRequest): Promise<AppendResult>;
  /** Events of one stream in version order. */
  readStream(streamId: string, options?: { fromVersion?: number; limit?: number }): Promise<StoredEvent[]>;
  /** Events of the log by dense position, exclusive of `after`. */
  readLog(options: { after: number; limit: number }): Promise<LogEntry[]>;
}

/** The write models, each read on the primary with the database's clock. */
export interface Heads {
  /** One round trip: head, database time (epoch milliseconds), kill switch, agent and live holders' ids. */
  session(sessionId: string): Promise<SessionSnapshot | null>;
  /** SHA-256 of the token that was issued as this generation, from its event; null when none was. The head has the current one's. */
  issuedTokenHash(sessionId: string, generation: number): Promise<string | null>;
  /** The same for many, in one round trip; those that do not exist are left out. */
  sessions(sessionIds: readonly string[]): Promise<SessionSnapshot[]>;
  agent(agentId: string): Promise<AgentHead | null>;
  holder(holderId: string): Promise<HolderHead | null>;
  /** Lets the sweep look at these sessions at their `dueAt`, which is later than the stored one. Those changed since are left. */
  putOffDue(heads: readonly SessionHead[]): Promise<void>;
  /** Sessions of an agent that are active. */
  activeSessions(agentId: string): Promise<SessionHead[]>;
  killSwitch(): Promise<KillSwitch>;
  /** Database time, epoch milliseconds. */
  now(): Promise<number>;
}

export interface SessionSnapshot {
  head: SessionHead;
  agentEnabled: boolean;
  holderIds: string[];
  killSwitchActive: boolean;
  /** Counts the changes of signing keys: whoever remembers keys of a lower one reads them again. */
  signingKeyVersion: number;
  /** Database time, epoch milliseconds. */
  now: number;
}
