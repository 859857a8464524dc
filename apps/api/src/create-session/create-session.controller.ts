import { Body, Controller, Post } from '@nestjs/common';
import { type Caller, createSession } from '#libs/commands';
import { createSessionBody, type CreateSessionBody, type SessionWithToken } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy } from '../auth/caller.decorator.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { sessionWithTokenOf } from './session-with-token.js';

@Controller('v1/sessions')
export class CreateSessionController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Post()
  @Allow('owner')
  async create(
    @Body(new ZodPipe(createSessionBody)) body: CreateSessionBody,
    @CalledBy() caller: Caller,
  ): Promise<SessionWithToken> {
    return sessionWithTokenOf(await createSession(this.context.commands, body, caller));
  }
}
