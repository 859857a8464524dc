import type { OwnerClient } from '#libs/client';
import type { AgentView } from '#libs/contracts';
import { everything } from '../everything.js';
import { Failure } from '../failure.js';
import { isIdPrefix, pick, shortener } from '../short-id.js';
import { cut, printable } from '../terminal/printable.js';

const KIND = { one: 'agent', listCommand: 'sledger agent list' };
const LISTED = 10;

/** The agent that `text` means: its name, its id, or the beginning of its id. */
export async function findAgent(owner: OwnerClient, text: string): Promise<AgentView> {
  const agents = await everything(owner.agents());
  const named = agents.find(({ name }) => name === text);
  if (named) return named;
  if (isIdPrefix(text.toLowerCase()) && agents.some(({ id }) => id.startsWith(text.toLowerCase()))) {
    return pick(text, agents, KIND);
  }
  throw new Failure(`there is no agent "${text}"`, `${knownAgents(agents)}`, 'agent_unknown');
}

/** The agent that is meant when none was named: the only one. */
export async function onlyAgent(owner: OwnerClient): Promise<AgentView> {
  const agents = await everything(owner.agents());
  const [agent] = agents;
  if (agent === undefined) {
    throw new Failure('there are no agents yet', 'Add one: `sledger agent add <name>`.', 'agent_none');
  }
  if (agents.length > 1) {
    throw new Failure(
      `there are ${agents.length} agents`,
      `Choose one with --agent. ${knownAgents(agents)}`,
      'agent_several',
    );
  }
  return agent;
}

function knownAgents(agents: readonly AgentView[]): string {
  if (agents.length === 0) return 'There are none yet; add one: `sledger agent add <name>`.';
  const short = shortener(agents.map(({ id }) => id));
  const list = agents.slice(0, LISTED).map(({ id, name }) => `${cut(printable(name), 40)} (${short(id)})`);
  const more = agents.length > LISTED ? `, and ${agents.length - LISTED} more (\`sledger agent list\`)` : '';
  return `Known agents: ${list.join(', ')}${more}.`;
}
