import { Body, Controller, Delete, HttpCode, Post, Query } from '@nestjs/common';
import { type Caller, revokeAgentSessions, revokeSession, sessionViewOf } from '#libs/commands';
import { revokeSessionBody, type RevokeSessionBody, type SessionView } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy } from '../auth/caller.decorator.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';

const how = new ZodPipe(revokeSessionBody);

@Controller('v1')
export class RevokeSessionController {
  constructor(@Context() private readonly context: ApiContext) {}

  /** Reason and trigger come in the body, or as query parameters where a client sends no body with DELETE. */
  @Delete('sessions/:id')
  @Allow('owner')
  async revoke(
    @IdParam() sessionId: string,
    @Query(how) query: RevokeSessionBody,
    @Body(how) body: RevokeSessionBody,
    @CalledBy() caller: Caller,
  ): Promise<SessionView> {
    const { head, now } = await revokeSession(this.context.commands, { sessionId, ...query, ...body }, caller);
    return sessionViewOf(head, now);
  }

  @Post('agents/:id/revoke-sessions')
  @HttpCode(200)
  @Allow('owner')
  async revokeAll(
    @IdParam() agentId: string,
    @Body(how) body: RevokeSessionBody,
    @CalledBy() caller: Caller,
  ): Promise<{ revoked: number }> {
    return { revoked: await revokeAgentSessions(this.context.commands, { agentId, ...body }, caller) };
  }
}
