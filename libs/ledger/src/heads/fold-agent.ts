import { createHash } from 'node:crypto';
import type { DomainEvent } from '#libs/contracts';
import type { AgentHead, HolderHead, StoredEvent } from '../types.js';

/** What an agent's events tell of a holder: of its keys the thumbprints. */
export interface FoldedHolder extends Pick<HolderHead, 'holderId' | 'agentId' | 'sessionId' | 'name'> {
  signingKey: string;
  sealingKey: string;
  isRemoved: boolean;
}

export interface FoldedAgent {
  agent: AgentHead;
  holders: Map<string, FoldedHolder>;
}

/** An agent and its holders as the first `version` events of its stream tell them; null when they do not begin with its registration. */
export function foldAgent(events: readonly StoredEvent[], version: number): FoldedAgent | null {
  let folded: FoldedAgent | null = null;
  for (const { type, data, time, version: at } of events) {
    if (at > version) break;
    const event = { type, data } as DomainEvent;
    if (event.type === 'AgentRegistered') {
      const { agentId, name, defaultConstraints } = event.data;
      const createdAt = Math.floor(Date.parse(time) / 1000);
      folded = {
        agent: { agentId, name, enabled: true, defaultConstraints, createdAt, version: at },
        holders: new Map(),
      };
    } else if (folded) {
      apply(folded, event);
      folded.agent.version = at;
    }
  }
  return folded;
}

function apply({ agent, holders }: FoldedAgent, event: DomainEvent): void {
  if (event.type === 'AgentDefaultsChanged') {
    agent.defaultConstraints = event.data.defaultConstraints;
  } else if (event.type === 'AgentDisabled' || event.type === 'AgentEnabled') {
    agent.enabled = event.type === 'AgentEnabled';
  } else if (event.type === 'HolderRegistered') {
    const { holderId, agentId, sessionId, name, signingKeyThumbprint, sealingKeyThumbprint } = event.data;
    const keys = { signingKey: signingKeyThumbprint, sealingKey: sealingKeyThumbprint };
    holders.set(holderId, { holderId, agentId, sessionId, name, ...keys, isRemoved: false });
  } else if (event.type === 'HolderAssigned') {
    Object.assign(holders.get(event.data.holderId) ?? {}, { sessionId: event.data.sessionId });
  } else if (event.type === 'HolderRemoved') {
    Object.assign(holders.get(event.data.holderId) ?? {}, { isRemoved: true });
  }
}

/** The head of a holder in the form in which its events tell it. Times may differ: the store lets none go back. */
export function comparableHolder(head: HolderHead): FoldedHolder {
  const { holderId, agentId, sessionId, name, signingKey, sealingKey, removedAt } = head;
  const keys = { signingKey: thumbprint(signingKey), sealingKey: thumbprint(sealingKey) };
  return { holderId, agentId, sessionId, name, ...keys, isRemoved: removedAt !== null };
}

/** RFC 7638, of a key of RFC 8037. */
function thumbprint({ crv, kty, x }: HolderHead['signingKey'] | HolderHead['sealingKey']): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}
