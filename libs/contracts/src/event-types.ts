import type { SessionEventData } from '#libs/session';

/** Facts of an agent's stream. Names of agents live here and in session events; nothing here names a person. */
export interface AgentEventData {
  AgentRegistered: { agentId: string; name: string; defaultConstraints: AgentDefaults };
  AgentDefaultsChanged: { agentId: string; defaultConstraints: AgentDefaults; reason?: string };
  AgentDisabled: { agentId: string; reason?: string };
  AgentEnabled: { agentId: string; reason?: string };
  HolderRegistered: {
    agentId: string;
    holderId: string;
    name: string;
    sessionId: string;
    signingKeyThumbprint: string;
    sealingKeyThumbprint: string;
  };
  /** A superseding session takes its predecessor's holders along. */
  HolderAssigned: { agentId: string; holderId: string; sessionId: string };
  HolderRemoved: { agentId: string; holderId: string; sessionId: string };
}

export interface AgentDefaults {
  expiresIn?: number;
  maxRenewals?: number | null;
  renewalRejectWindow?: number;
  /** Audiences of the agent's tokens besides the issuer. */
  audiences?: string[];
  /** Whether a new session ends the agent's others (default true). */
  supersede?: boolean;
  /** What happens when a superseded token is presented for renewal by somebody without holder proof. */
  reuse?: 'alert' | 'revoke';
  allowedOperations?: string[];
  maxAmountPerTx?: string;
}

/** What an API key may do: everything; read everything; verify tokens. */
export const API_KEY_ROLES = ['owner', 'auditor', 'resource'] as const;
export type ApiKeyRole = (typeof API_KEY_ROLES)[number];

export const CHANNEL_TYPES = ['webhook', 'telegram', 'email'] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

export interface SystemEventData {
  KillSwitchActivated: { reason?: string; revokeSessions: boolean };
  KillSwitchReleased: { reason?: string };
  SigningKeyRotated: {
    kid: string;
    previousKid?: string;
    /** From when on the key signs, RFC 3339. */
    signsFrom: string;
    /** The key that is worth nothing from now on: the emergency. */
    revokedKid?: string;
  };
  LogKeyRotated: { keyId: string; previousKeyId?: string };
  /** `agents`: the only ones that the key sees; absent means all. `secretHash`: SHA-256 of the whole key; absent in the oldest events. */
  ApiKeyCreated: { keyId: string; role: ApiKeyRole; agents?: string[]; secretHash?: string };
  ApiKeyRevoked: { keyId: string; reason?: string };
  ChannelAdded: { channelId: string; channelType: ChannelType; enabled: boolean };
  /** `changed` names the fields; `config` stands for the address and its secrets. `enabled` where it was one of them. */
  ChannelChanged: { channelId: string; changed: string[]; enabled?: boolean };
  ChannelRemoved: { channelId: string };
  /** Neither agent nor session: everything. `duration` is seconds from the event's time. */
  SilenceSet: {
    silenceId: string;
    mode: 'snooze' | 'silence';
    agentId?: string;
    sessionId?: string;
    duration: number;
    reason?: string;
  };
  SilenceEnded: { silenceId: string };
}

export interface EventData extends SessionEventData, AgentEventData, SystemEventData {}
export type EventType = keyof EventData;

/** A fact to be appended. */
export type DomainEvent = { [T in EventType]: { type: T; data: EventData[T] } }[EventType];

/** Event name → the current schema version and its token in CloudEvents types and NATS subjects. */
export const EVENT_TYPES = {
  SessionCreated: { version: 1, area: 'session', token: 'created' },
  SessionRenewed: { version: 1, area: 'session', token: 'renewed' },
  SessionExpiringSoon: { version: 1, area: 'session', token: 'expiring_soon' },
  SessionRevoked: { version: 1, area: 'session', token: 'revoked' },
  SessionExpired: { version: 1, area: 'session', token: 'expired' },
  SessionRenewalOverdue: { version: 1, area: 'session', token: 'renewal_overdue' },
  TokenHandedOver: { version: 1, area: 'session', token: 'handed_over' },
  TokenReuseDetected: { version: 1, area: 'session', token: 'reuse_detected' },
  UnprovenRenewalRefused: { version: 1, area: 'session', token: 'unproven_renewal' },
  AgentRegistered: { version: 1, area: 'agent', token: 'registered' },
  AgentDefaultsChanged: { version: 1, area: 'agent', token: 'defaults_changed' },
  AgentDisabled: { version: 1, area: 'agent', token: 'disabled' },
  AgentEnabled: { version: 1, area: 'agent', token: 'enabled' },
  HolderRegistered: { version: 1, area: 'agent', token: 'holder_registered' },
  HolderAssigned: { version: 1, area: 'agent', token: 'holder_assigned' },
  HolderRemoved: { version: 1, area: 'agent', token: 'holder_removed' },
  KillSwitchActivated: { version: 1, area: 'system', token: 'kill_switch_activated' },
  KillSwitchReleased: { version: 1, area: 'system', token: 'kill_switch_released' },
  SigningKeyRotated: { version: 1, area: 'system', token: 'signing_key_rotated' },
  LogKeyRotated: { version: 1, area: 'system', token: 'log_key_rotated' },
  ApiKeyCreated: { version: 1, area: 'system', token: 'api_key_created' },
  ApiKeyRevoked: { version: 1, area: 'system', token: 'api_key_revoked' },
  ChannelAdded: { version: 1, area: 'system', token: 'channel_added' },
  ChannelChanged: { version: 1, area: 'system', token: 'channel_changed' },
  ChannelRemoved: { version: 1, area: 'system', token: 'channel_removed' },
  SilenceSet: { version: 1, area: 'system', token: 'silence_set' },
  SilenceEnded: { version: 1, area: 'system', token: 'silence_ended' },
} as const satisfies Record<EventType, { version: number; area: 'session' | 'agent' | 'system'; token: string }>;

/** CloudEvents `type`, e.g. `ledger.session.renewed.v1`. */
export function cloudEventType(type: EventType, version: number = EVENT_TYPES[type].version): string {
  const { area, token } = EVENT_TYPES[type];
  return `ledger.${area}.${token}.v${version}`;
}

const BY_CLOUD_EVENT_NAME: ReadonlyMap<string, EventType> = new Map(
  (Object.keys(EVENT_TYPES) as EventType[]).map((type) => [cloudEventType(type).replace(/\.v\d+$/, ''), type]),
);

/** The event name behind a CloudEvents `type`, or null when this version of the code does not know it. */
export function eventTypeOf(cloudEventName: string): EventType | null {
  return BY_CLOUD_EVENT_NAME.get(cloudEventName.replace(/\.v\d+$/, '')) ?? null;
}
