import type { SessionView } from '#libs/contracts';
import { duration, relative } from '#libs/contracts';
import { printable } from '../terminal/printable.js';
import { bar } from '../terminal/progress.js';
import type { Paint, Style } from '../terminal/style.js';

const STATUS_PAINT: Readonly<Record<SessionView['status'], Paint>> = {
  active: 'green',
  expiring_soon: 'yellow',
  expired: 'dim',
  revoked: 'red',
};

export function statusText(style: Style, { status }: Pick<SessionView, 'status'>): string {
  return style.paint(status.replace('_', ' '), STATUS_PAINT[status]);
}

export function isAlive({ status }: Pick<SessionView, 'status'>): boolean {
  return status === 'active' || status === 'expiring_soon';
}

export function renewalsText({ renewalCount, maxRenewals }: SessionView): string {
  return maxRenewals === null ? `${renewalCount}` : `${renewalCount}/${maxRenewals}`;
}

/** `team=ops, region=eu`; empty where there are none. */
export function labelsText({ labels }: Pick<SessionView, 'labels'>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return printable(pairs.join(', '));
}

const CAUSES: Readonly<Record<NonNullable<SessionView['expiringSoon']>['causes'][number], string>> = {
  renewals: 'few renewals are left',
  lifetime: 'its lifetime ends',
  unrenewed: 'nobody renews it',
};

/** When it ends if nothing is done, RFC 3339. */
export function endOf({ expiringSoon, endsAt }: Pick<SessionView, 'expiringSoon' | 'endsAt'>): string {
  return expiringSoon?.endsAt ?? endsAt;
}

/** `ends in 5 h: nobody renews it`. */
export function endText(session: SessionView, now: Date): string {
  const causes = session.expiringSoon?.causes.map((cause) => CAUSES[cause]).join(', ');
  return `ends ${relative(new Date(endOf(session)), now)}${causes ? `: ${causes}` : ''}`;
}

/** What is left of the current token: a bar and the time. */
export function timeLeft(style: Style, session: SessionView, now: Date, width = 10): string {
  if (!isAlive(session)) return '-';
  const left = (new Date(session.expiresAt).getTime() - now.getTime()) / 1000;
  if (left <= 0) return style.paint('ended', 'red');
  const share = left / session.expiresIn;
  const paint: Paint = share > 0.4 ? 'green' : share > 0.2 ? 'yellow' : 'red';
  return `${style.paint(bar(share, width), paint)} ${duration(left)}`;
}
