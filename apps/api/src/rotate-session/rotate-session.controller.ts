import { Controller, HttpCode, Post } from '@nestjs/common';
import { type Caller, rotateSession } from '#libs/commands';
import type { SessionWithToken } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy } from '../auth/caller.decorator.js';
import { sessionWithTokenOf } from '../create-session/session-with-token.js';
import { IdParam } from '../validation/id-param.js';

@Controller('v1/sessions')
export class RotateSessionController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Post(':id/rotate')
  @HttpCode(200)
  @Allow('owner')
  async rotate(@IdParam() sessionId: string, @CalledBy() caller: Caller): Promise<SessionWithToken> {
    return sessionWithTokenOf(await rotateSession(this.context.commands, { sessionId }, caller));
  }
}
