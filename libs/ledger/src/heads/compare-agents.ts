import { agentStream } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { AgentHead, HolderHead } from '../types.js';
import { comparableHolder, foldAgent } from './fold-agent.js';
import { differingFields, type HeadDifference } from './head-difference.js';
import { agentRows, holderRows, type RowOf } from './head-rows.js';
import { eventVersionOf, storedStreams } from './stored-streams.js';

/** An agent's head with its holders' heads, and the version that its events had come to at that moment. */
export interface AgentHeads {
  agent: AgentHead;
  holders: HolderHead[];
  version: number;
}

const WITH_HOLDERS = `
  select a.*, ${eventVersionOf("'agent:' || a.agent_id")} as event_version,
    array(select to_jsonb(h) from ledger.holder_head h where h.agent_id = a.agent_id) as holders
  from ledger.agent_head a`;
const AFTER = `${WITH_HOLDERS} where a.agent_id > $1 order by a.agent_id limit $2`;
const SAMPLE = `${WITH_HOLDERS} order by random() limit $1`;

type Row = RowOf<AgentHead> & { holders: RowOf<HolderHead>[]; event_version: number };

export async function agentHeadsAfter(database: Database, after: string, limit: number): Promise<AgentHeads[]> {
  return (await database.query<Row>(AFTER, [after, limit])).map(headsOf);
}

export async function someAgentHeads(database: Database, count: number): Promise<AgentHeads[]> {
  return (await database.query<Row>(SAMPLE, [count])).map(headsOf);
}

function headsOf({ holders, event_version: version, ...agent }: Row): AgentHeads {
  return { agent: agentRows.fromRow(agent), holders: holders.map(holderRows.fromRow), version };
}

/** Folds the agents' streams and names every head that differs, theirs and their holders'. */
export async function compareAgents(database: Database, heads: readonly AgentHeads[]): Promise<HeadDifference[]> {
  const ids = heads.map(({ agent }) => agentStream(agent.agentId));
  const streams = await storedStreams(database, ids);
  return heads.flatMap((one) => {
    const id = one.agent.agentId;
    const events = streams.get(agentStream(id));
    if (events === null) return [{ kind: 'agent' as const, id, fields: ['unreadable'] }];
    const folded = foldAgent(events ?? [], one.version);
    if (folded === null) return [{ kind: 'agent' as const, id, fields: ['unknown'] }];
    const found: HeadDifference[] = [{ kind: 'agent', id, fields: differingFields(one.agent, folded.agent) }];
    for (const head of one.holders) {
      const expected = folded.holders.get(head.holderId) ?? 'unknown';
      found.push({ kind: 'holder', id: head.holderId, fields: differingFields(comparableHolder(head), expected) });
      folded.holders.delete(head.holderId);
    }
    for (const holderId of folded.holders.keys()) found.push({ kind: 'holder', id: holderId, fields: ['missing'] });
    return found.filter(({ fields }) => fields.length > 0);
  });
}

/** Holders whose agent has no head: no agent's comparison meets them. */
export async function strayHolders(database: Database): Promise<HeadDifference[]> {
  const text = `
    select holder_id as id from ledger.holder_head h
    where not exists (select from ledger.agent_head a where a.agent_id = h.agent_id)`;
  const rows = await database.query<{ id: string }>(text);
  return rows.map(({ id }) => ({ kind: 'holder', id, fields: ['unknown'] }));
}
