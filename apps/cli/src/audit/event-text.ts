import type { CloudEvent } from '#libs/contracts';
import { utc } from '#libs/contracts';
import { printable } from '../terminal/printable.js';
import type { Paint, Style } from '../terminal/style.js';

/** `ledger.session.renewed.v1` → `session.renewed`. */
export function shortType(type: string): string {
  return type.replace(/^ledger\./, '').replace(/\.v\d+$/, '');
}

const ALARMING = new Set([
  'session.revoked',
  'session.expired',
  'session.reuse_detected',
  'system.kill_switch_activated',
]);
const WARNING = new Set(['session.expiring_soon', 'session.renewal_overdue', 'agent.disabled']);

function paintOf(type: string): Paint {
  if (ALARMING.has(type)) return 'red';
  return WARNING.has(type) ? 'yellow' : 'cyan';
}

/** Members of an event's data that tell its story, in reading order; the rest is in `--output json`. */
const TELLING = [
  'name',
  'generation',
  'cause',
  'causes',
  'trigger',
  'reason',
  'expiresAt',
  'endsAt',
  'remainingRenewals',
  'holderId',
  'addressPrefix',
  'supersedes',
] as const;

export function eventDetails({ data }: CloudEvent): string {
  const parts: string[] = [];
  for (const key of TELLING) {
    const value = data[key];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    parts.push(`${key}=${Array.isArray(value) ? value.join(',') : value === null ? 'unlimited' : String(value)}`);
  }
  return printable(parts.join(' '));
}

/** One event on one line: when, what, who, details. */
export function eventLine(style: Style, event: CloudEvent): string {
  const type = shortType(event.type);
  return [
    style.dim(utc(event.time)),
    style.paint(type.padEnd(24), paintOf(type)),
    printable(event.actor),
    style.dim(eventDetails(event)),
  ].join('  ');
}
