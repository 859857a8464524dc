import { type DomainEvent, SYSTEM_STREAM } from '#libs/contracts';
import type { KillSwitch } from '#libs/ledger';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { newEvents, secondsOf } from '../new-events.js';
import { runningAppendsEnded } from '../running-appends.js';
import { systemVersion } from '../system-version.js';
import { revokeSession } from '../revoke-session/revoke-session.js';

const ACTIVE_SESSIONS = `
select session_id from ledger.session_head
where status = 'active' and ($1::uuid is null or session_id > $1) order by session_id limit 500`;

/**
 * Turns the switch on. Answers once every transaction that ran at its commit has ended: from then on no renewal can still succeed.
 * `revokeSessions` also ends every active session; the answer says how many.
 */
export async function activateKillSwitch(
  deps: CommandDeps,
  { reason, revokeSessions }: { reason?: string; revokeSessions: boolean },
  caller: Caller,
): Promise<KillSwitch & { revokedSessions: number }> {
  const event: DomainEvent = {
    type: 'KillSwitchActivated',
    data: { revokeSessions, ...(reason !== undefined && { reason }) },
  };
  const killSwitch = await set(deps, { active: true, reason: reason ?? null }, event, caller);
  await runningAppendsEnded(deps);
  const revokedSessions = revokeSessions ? await revokeAll(deps, reason, caller) : 0;
  return { ...killSwitch, revokedSessions };
}

export function releaseKillSwitch(
  deps: CommandDeps,
  { reason }: { reason?: string },
  caller: Caller,
): Promise<KillSwitch> {
  const event: DomainEvent = { type: 'KillSwitchReleased', data: { ...(reason !== undefined && { reason }) } };
  return set(deps, { active: false, reason: reason ?? null }, event, caller);
}

/** Of several that turn it the same way at once, one records it. */
function set(
  deps: CommandDeps,
  { active, reason }: { active: boolean; reason: string | null },
  event: DomainEvent,
  caller: Caller,
): Promise<KillSwitch> {
  return decideAgain(async () => {
    const expectedVersion = await systemVersion(deps.database);
    const known = await deps.heads.killSwitch();
    if (known.active === active) return known;
    const now = await deps.heads.now();
    const killSwitch: KillSwitch = { active, reason, changedAt: secondsOf(now) };
    await append(deps.store, {
      streams: [{ streamId: SYSTEM_STREAM, expectedVersion, events: newEvents([event], now) }],
      heads: { killSwitch },
      actor: caller.actor,
      requestId: caller.requestId,
      duringKillSwitch: true,
    });
    return killSwitch;
  });
}

async function revokeAll(deps: CommandDeps, reason: string | undefined, caller: Caller): Promise<number> {
  let revoked = 0;
  let after: string | null = null;
  for (;;) {
    const rows: { session_id: string }[] = await deps.database.query(ACTIVE_SESSIONS, [after]);
    for (const { session_id: sessionId } of rows) {
      const command = { sessionId, trigger: 'kill_switch' as const, ...(reason !== undefined && { reason }) };
      if ((await revokeSession(deps, command, caller)).revoked) revoked++;
      after = sessionId;
    }
    if (rows.length === 0) return revoked;
  }
}
