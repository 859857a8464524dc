import { acceptForUse, readTokenAgain } from '#libs/commands';
import { type CloudEvent, eventTypeOf, LedgerError } from '#libs/contracts';
import type { ApiContext } from '../api-context.js';
import type { Principal } from '../auth/principal.js';

type Deps = Pick<ApiContext, 'commands' | 'apiKeys'>;

/**
 * Whether the credential of an open stream still stands. Errors: what it would be refused with now; AGENT_DISABLED for a token
 * or holder of a disabled agent. A holder's stream outlives its session: it is how the holder hears of the next one.
 */
export async function requireStanding(deps: Deps, principal: Principal): Promise<void> {
  switch (principal.kind) {
    case 'owner':
      if (!(await principal.stillAccepted())) throw new LedgerError('CREDENTIAL_INVALID');
      return;
    case 'api-key': {
      const key = await deps.apiKeys.find(principal.keyId);
      if (key?.revokedAt !== null) throw new LedgerError('CREDENTIAL_INVALID');
      return;
    }
    case 'holder':
      return requireHolder(deps, principal.holder.holderId);
    case 'session': {
      if (principal.holder) return requireHolder(deps, principal.holder.holderId);
      const authenticated = await readTokenAgain(deps.commands, principal.authenticated);
      if (!authenticated.snapshot.agentEnabled) throw new LedgerError('AGENT_DISABLED');
      acceptForUse(authenticated);
    }
  }
}

async function requireHolder({ commands: { heads } }: Deps, holderId: string): Promise<void> {
  const holder = await heads.holder(holderId);
  if (!holder || holder.removedAt !== null) throw new LedgerError('HOLDER_ASSERTION_INVALID');
  const agent = await heads.agent(holder.agentId);
  if (agent?.enabled !== true) throw new LedgerError('AGENT_DISABLED');
}

/** Whether after this event the credential may no longer stand. */
export function concernsCredential(principal: Principal, { type, subject, data }: CloudEvent): boolean {
  const { agentId, holderId, keyId } = data as { agentId?: string; holderId?: string; keyId?: string };
  switch (eventTypeOf(type)) {
    case 'AgentDisabled':
      return agentId !== undefined && principal.agents?.length === 1 && principal.agents[0] === agentId;
    case 'ApiKeyRevoked':
      return principal.kind === 'api-key' && principal.keyId === keyId;
    case 'HolderRemoved':
      return 'holder' in principal && principal.holder?.holderId === holderId;
    default:
      return principal.kind === 'session' && principal.authenticated.snapshot.head.sessionId === subject;
  }
}
