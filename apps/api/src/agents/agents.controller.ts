import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { type Caller, registerAgent, updateAgent } from '#libs/commands';
import {
  type AgentView,
  createAgentBody,
  type CreateAgentBody,
  LedgerError,
  type List,
  page,
  updateAgentBody,
  type UpdateAgentBody,
} from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy, Who } from '../auth/caller.decorator.js';
import { type Principal, seesAgent } from '../auth/principal.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { agentViewOf } from './agent-view.js';
import { listAgents } from './list-agents.js';

@Controller('v1/agents')
export class AgentsController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Post()
  @Allow('owner')
  async register(
    @Body(new ZodPipe(createAgentBody)) body: CreateAgentBody,
    @CalledBy() caller: Caller,
  ): Promise<AgentView> {
    return agentViewOf(await registerAgent(this.context.commands, body, caller));
  }

  @Get()
  @Allow('owner', 'auditor')
  list(
    @Query(new ZodPipe(page)) query: { cursor?: string; limit: number },
    @Who() principal: Principal,
  ): Promise<List<AgentView>> {
    return listAgents(this.context.commands.database, query, principal);
  }

  @Get(':id')
  @Allow('owner', 'auditor')
  async show(@IdParam() agentId: string, @Who() principal: Principal): Promise<AgentView> {
    const agent = seesAgent(principal, agentId) ? await this.context.commands.heads.agent(agentId) : null;
    if (!agent) throw new LedgerError('NOT_FOUND', { detail: `There is no agent ${agentId}.` });
    return agentViewOf(agent);
  }

  @Patch(':id')
  @Allow('owner')
  async update(
    @IdParam() agentId: string,
    @Body(new ZodPipe(updateAgentBody)) body: UpdateAgentBody,
    @CalledBy() caller: Caller,
  ): Promise<AgentView> {
    return agentViewOf(await updateAgent(this.context.commands, { agentId, ...body }, caller));
  }
}
