import { Controller, Get, Headers, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import type { Principal } from '../auth/principal.js';
import { requireStanding } from './standing.js';
import { UpdateStream } from './update-stream.js';

@Controller('v1/updates')
export class UpdatesController {
  constructor(@Context() private readonly context: ApiContext) {}

  /** Server-sent events of the principal's agent (an owner's: of all), resumed after `Last-Event-ID`. */
  @Get()
  @Allow('owner', 'auditor', 'session', 'holder')
  async stream(
    @Who() principal: Principal,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await requireStanding(this.context, principal);
    reply.hijack();
    await new UpdateStream(this.context, principal, reply.raw).open(lastEventId);
  }
}
