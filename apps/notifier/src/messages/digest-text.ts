import { type Member } from '#libs/deliveries';
import { alertText } from './alert-text.js';

export interface DigestText {
  title: string;
  /** How many of each event. */
  summary: string[];
  /** One for each alert: none is left out. */
  lines: string[];
}

/** Many alerts as one: what happened how often, and every session by its id. */
export function digestText(members: Member[], now: number): DigestText {
  const counts = new Map<string, number>();
  for (const { eventType } of members) counts.set(eventType, (counts.get(eventType) ?? 0) + 1);
  return {
    title: `${members.length} alerts`,
    summary: [...counts].map(([type, count]) => `${count} × ${NAMES[type] ?? type}`),
    lines: members.map((member) => alertText(member, now).line),
  };
}

const NAMES: Record<string, string> = {
  SessionExpiringSoon: 'session expires soon',
  SessionRenewalOverdue: 'renewal overdue',
  SessionRenewed: 'session renewed',
  SessionRevoked: 'session revoked',
  SessionExpired: 'session expired',
  TokenReuseDetected: 'old token presented',
  UnprovenRenewalRefused: 'renewal without the holder’s key',
  KillSwitchActivated: 'kill switch on',
  ChannelTrouble: 'channel in trouble',
};
