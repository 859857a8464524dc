import type { OwnerClient } from '#libs/client';
import type { RouteQuery } from '#libs/contracts';
import { findAgent } from '../agents/find-agent.js';
import { Failure } from '../failure.js';
import { momentOption } from '../options.js';
import { findSession } from '../sessions/find-session.js';

export interface AuditFilterOptions {
  agent?: string;
  session?: string;
  type?: string;
  actor?: string;
  since?: string;
  until?: string;
  text?: string;
}

/** The options as the server's query; names and short ids become ids. */
export async function auditFilter(
  owner: OwnerClient,
  options: AuditFilterOptions,
): Promise<RouteQuery<'GET /v1/audit/export'>> {
  const { agent, session, type, actor, since, until, text } = options;
  return {
    ...(agent !== undefined && { agentId: (await findAgent(owner, agent)).id }),
    ...(session !== undefined && { sessionId: (await findSession(owner, session)).id }),
    ...(type !== undefined && { type: await eventTypeOption(type) }),
    ...(actor !== undefined && { actor }),
    ...(since !== undefined && { from: momentOption('--since', since).toISOString() }),
    ...(until !== undefined && { to: momentOption('--until', until).toISOString() }),
    ...(text !== undefined && { text }),
  };
}

async function eventTypeOption(text: string): Promise<string> {
  const { EVENT_TYPES } = await import('#libs/contracts');
  const types = Object.keys(EVENT_TYPES);
  const type = types.find((known) => known.toLowerCase() === text.toLowerCase());
  if (type === undefined) {
    throw new Failure(`--type: there is no event type "${text}"`, `Use one of ${types.join(', ')}.`, 'bad_option');
  }
  return type;
}
