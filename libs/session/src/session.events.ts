/** The facts of a session's life. Times inside event data are RFC 3339 UTC with `Z`; durations are seconds. */

export interface SessionConstraints {
  /** Operations the agent may perform; becomes the token's `scope`. Absent means unrestricted. */
  allowedOperations?: string[];
  /** Largest amount of one transaction, as a decimal string, in the unit the resource server defines. */
  maxAmountPerTx?: string;
}

/** A token without its signature: enough to derive it again (Ed25519 is deterministic), not enough to use it. */
export interface TokenTexts {
  /** Exact JSON text of the JOSE header. */
  tokenHeader: string;
  /** Exact JSON text of the claims. */
  tokenPayload: string;
  /** SHA-256 of the compact JWT, lower-case hex. */
  tokenHash: string;
}

interface SessionSubject {
  sessionId: string;
  agentId: string;
  agentName: string;
}

export interface SessionCreated extends SessionSubject, TokenTexts {
  generation: 0;
  expiresIn: number;
  issuedAt: string;
  expiresAt: string;
  absoluteExpiresAt: string;
  /** 0 = none allowed, null = unlimited. */
  maxRenewals: number | null;
  renewalRejectWindow: number;
  constraints: SessionConstraints;
  reason?: string;
  labels?: Record<string, string>;
  /** Sessions that this one replaced in the same transaction; absent where it was not to replace any. */
  supersedes?: string[];
}

export type RenewalCause = 'renewal' | 'rotation';

export interface SessionRenewed extends SessionSubject, TokenTexts {
  generation: number;
  /** `rotation`: by the owner; not counted, and the previous token has no grace. */
  cause: RenewalCause;
  issuedAt: string;
  expiresAt: string;
  renewalCount: number;
  /** null = unlimited. */
  remainingRenewals: number | null;
  rejectWindowEndsAt: string;
  holderId?: string;
}

export type ExpiryCause = 'renewals' | 'lifetime';

export interface SessionExpiringSoon extends SessionSubject {
  causes: ExpiryCause[];
  remainingRenewals: number | null;
  endsAt: string;
  trigger: 'renewed' | 'renewal_refused' | 'sweep';
}

export const REVOCATION_TRIGGERS = [
  'manual_revoke',
  'renewal_rejected',
  'superseded',
  'kill_switch',
  'token_reuse',
] as const;
export type RevocationTrigger = (typeof REVOCATION_TRIGGERS)[number];

export interface SessionRevoked extends SessionSubject {
  trigger: RevocationTrigger;
  reason?: string;
}

export interface SessionExpired extends SessionSubject {
  cause: 'token_ttl' | 'absolute_lifetime';
}

export interface SessionRenewalOverdue extends SessionSubject {
  generation: number;
}

export interface TokenHandedOver extends SessionSubject {
  generation: number;
  holderId: string;
}

export interface TokenReuseDetected extends SessionSubject {
  /** The generation of the token that was presented. */
  generation: number;
  /** /24 (IPv4) or /48 (IPv6) of the presenter: enough to recognise, not to identify. */
  addressPrefix: string;
}

/** Somebody held the current token of a session with holders, and not a holder's key. Once per session and generation. */
export interface UnprovenRenewalRefused extends SessionSubject {
  generation: number;
  addressPrefix: string;
}

/** Event name → data. The names are the contract; a new need is a new version with an upcaster. */
export interface SessionEventData {
  SessionCreated: SessionCreated;
  SessionRenewed: SessionRenewed;
  SessionExpiringSoon: SessionExpiringSoon;
  SessionRevoked: SessionRevoked;
  SessionExpired: SessionExpired;
  SessionRenewalOverdue: SessionRenewalOverdue;
  TokenHandedOver: TokenHandedOver;
  TokenReuseDetected: TokenReuseDetected;
  UnprovenRenewalRefused: UnprovenRenewalRefused;
}

export type SessionEventType = keyof SessionEventData;

export type SessionEvent = { [T in SessionEventType]: { type: T; data: SessionEventData[T] } }[SessionEventType];

export function isSessionEvent(event: { type: string }): event is SessionEvent {
  return SESSION_EVENT_TYPES.has(event.type);
}

const SESSION_EVENT_TYPES: ReadonlySet<string> = new Set<SessionEventType>([
  'SessionCreated',
  'SessionRenewed',
  'SessionExpiringSoon',
  'SessionRevoked',
  'SessionExpired',
  'SessionRenewalOverdue',
  'TokenHandedOver',
  'TokenReuseDetected',
  'UnprovenRenewalRefused',
]);
