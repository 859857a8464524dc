import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { revokeSession } from '#libs/commands';
import { tokenParameter, type TokenParameter } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import type { ApiRequest } from '../auth/api-request.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { isAccepted, ourToken } from './accepted-token.js';

/** RFC 7009: ends the session of a token. Whoever has an accepted token may; for the owner any token of ours will do. */
@Controller('oauth/revoke')
export class RevokeController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Post()
  @HttpCode(200)
  @Allow('public', 'owner', 'session')
  async revoke(
    @Body(new ZodPipe(tokenParameter)) { token }: TokenParameter,
    @Req() request: ApiRequest,
  ): Promise<void> {
    const found = await ourToken(this.context.commands, token);
    const { principal } = request;
    const isOwner = principal?.kind === 'owner' || principal?.kind === 'api-key';
    // The RFC's 200 also for a token that is not ours or dead already: nothing is to be learnt here.
    if (!found || !(isOwner || isAccepted(found))) return;
    const { sid, sub } = found.token.claims;
    const actor = isOwner ? principal.actor : `agent:${sub}`;
    await revokeSession(
      this.context.commands,
      { sessionId: sid, trigger: 'manual_revoke' },
      { actor, requestId: request.id },
    );
  }
}
