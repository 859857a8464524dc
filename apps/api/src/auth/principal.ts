import type { AuthenticatedToken } from '#libs/commands';
import { LedgerError } from '#libs/contracts';
import type { HolderHead } from '#libs/ledger';

/** Who asks. `agents` narrows what a key sees; null = every agent. */
export type Principal =
  | {
      kind: 'owner';
      actor: 'owner';
      agents: null;
      /** Whether the password is still the one of the owner-key file. */
      stillAccepted: () => Promise<boolean>;
    }
  | {
      kind: 'api-key';
      keyId: string;
      role: 'owner' | 'auditor' | 'resource';
      actor: string;
      agents: readonly string[] | null;
    }
  | {
      kind: 'session';
      actor: string;
      agents: readonly string[];
      authenticated: AuthenticatedToken;
      holder?: HolderHead;
    }
  | { kind: 'holder'; actor: string; agents: readonly string[]; holder: HolderHead };

/**
 * Which credentials a route takes. `owner` lets an owner in, `auditor` also; `session-renewal` is a session token that may have been
 * superseded (the renewal itself judges that).
 */
export type Access = 'public' | 'owner' | 'auditor' | 'resource' | 'session' | 'session-renewal' | 'holder';

/** Whether this principal may use a route that takes `access`. */
export function isAllowed(principal: Principal, access: readonly Access[]): boolean {
  switch (principal.kind) {
    case 'owner':
      return access.includes('owner');
    case 'api-key':
      return access.includes(principal.role);
    case 'session':
      return access.includes('session') || access.includes('session-renewal');
    case 'holder':
      return access.includes('holder');
  }
}

/** Throws FORBIDDEN for a credential that is narrowed to some agents. `what` begins the sentence, e.g. `The whole log is`. */
export function requireEveryAgent({ agents }: Principal, what: string): void {
  if (agents === null) return;
  throw new LedgerError('FORBIDDEN', { detail: `${what} for credentials that see every agent.` });
}

/** Whether the principal may see this agent at all. */
export function seesAgent(principal: Principal, agentId: string): boolean {
  return principal.agents === null || principal.agents.includes(agentId);
}
