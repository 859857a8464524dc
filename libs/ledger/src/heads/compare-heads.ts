import type { Database } from '#libs/database';
import { agentHeadsAfter, compareAgents, someAgentHeads, strayHolders, type AgentHeads } from './compare-agents.js';
import { compareSessions, sessionHeadsAfter, someSessionHeads } from './compare-sessions.js';
import { compareSystem } from './compare-system.js';
import type { HeadDifference } from './head-difference.js';
import { missingHeadsAfter } from './missing-heads.js';

/** What is compared one after the other. */
export const HEAD_PARTS = ['sessions', 'agents', 'system', 'streams'] as const;

/** Where a comparison goes on: in which part, after which id. */
export interface HeadPlace {
  part: (typeof HEAD_PARTS)[number];
  after: string;
}

export interface HeadComparison {
  /** How many heads were compared. */
  checked: number;
  differing: HeadDifference[];
}

export const LOWEST_ID = '00000000-0000-0000-0000-000000000000';
export const FIRST_HEADS: HeadPlace = { part: 'sessions', after: LOWEST_ID };
/** A look at a stream is much less than the fold of one. */
const STREAMS_FOR_A_HEAD = 10;

/** Compares the next so many heads with the log and says where to go on; `next` is null at the end. */
export async function compareHeads(
  database: Database,
  { part, after }: HeadPlace,
  limit: number,
): Promise<HeadComparison & { next: HeadPlace | null }> {
  switch (part) {
    case 'sessions': {
      const heads = await sessionHeadsAfter(database, after, limit);
      const differing = await compareSessions(database, heads);
      const last = heads.length === limit ? heads.at(-1)?.head.sessionId : undefined;
      const next: HeadPlace = last ? { part, after: last } : { part: 'agents', after: LOWEST_ID };
      return { checked: heads.length, differing, next };
    }
    case 'agents': {
      const heads = await agentHeadsAfter(database, after, limit);
      const differing = await compareAgents(database, heads);
      const last = heads.length === limit ? heads.at(-1)?.agent.agentId : undefined;
      const next: HeadPlace = last ? { part, after: last } : { part: 'system', after: '' };
      return { checked: countOf(heads), differing, next };
    }
    case 'system': {
      const { checked, differing } = await compareSystem(database);
      const stray = await strayHolders(database);
      return {
        checked: checked + stray.length,
        differing: [...differing, ...stray],
        next: { part: 'streams', after: '' },
      };
    }
    case 'streams': {
      const { differing, last } = await missingHeadsAfter(database, after, limit * STREAMS_FOR_A_HEAD);
      return { checked: 0, differing, next: last === null ? null : { part, after: last } };
    }
  }
}

/** Compares a random sample of sessions and agents, and all there is of the system. */
export async function compareSomeHeads(database: Database, sample: number): Promise<HeadComparison> {
  const sessions = await someSessionHeads(database, sample);
  const agents = await someAgentHeads(database, sample);
  const system = await compareSystem(database);
  return {
    checked: sessions.length + countOf(agents) + system.checked,
    differing: [
      ...(await compareSessions(database, sessions)),
      ...(await compareAgents(database, agents)),
      ...system.differing,
    ],
  };
}

function countOf(heads: readonly AgentHeads[]): number {
  return heads.length + heads.reduce((sum, { holders }) => sum + holders.length, 0);
}
