import type { SessionStatusReport } from '#libs/client';

/** One sentence on what will happen to the session if nobody does anything. */
export function forecastOf(status: SessionStatusReport): string {
  switch (status.state) {
    case 'active':
      return status.endsAt === null
        ? `Renews itself at ${status.renewAt ?? 'the next opportunity'}.`
        : `Renews itself; the session ends at ${status.endsAt} unless the owner makes a new one.`;
    case 'expiring':
      return `Cannot be renewed any more; the token works until ${status.expiresAt ?? 'its end'}.`;
    case 'error':
      return `Renewing fails for now; the token works until ${status.expiresAt ?? 'its end'}, recovery is tried every minute.`;
    case 'expired':
      return 'No usable token; recovery is tried every minute, and at once when the token file changes.';
  }
}
