import { Controller, Put, Req } from '@nestjs/common';
import { type Caller, renewSession } from '#libs/commands';
import { LedgerError, type SessionWithToken } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import type { ApiRequest } from '../auth/api-request.js';
import { CalledBy, Who } from '../auth/caller.decorator.js';
import type { Principal } from '../auth/principal.js';
import { sessionWithTokenOf } from '../create-session/session-with-token.js';
import { IdParam } from '../validation/id-param.js';

@Controller('v1/sessions')
export class RenewSessionController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Put(':id/renew')
  @Allow('session-renewal')
  async renew(
    @IdParam() sessionId: string,
    @Who() principal: Principal,
    @CalledBy() caller: Caller,
    @Req() request: ApiRequest,
  ): Promise<SessionWithToken> {
    if (principal.kind !== 'session') throw new LedgerError('FORBIDDEN');
    const { authenticated, holder } = principal;
    const renewed = await renewSession(
      this.context.commands,
      {
        sessionId,
        claims: authenticated.token.claims,
        tokenHash: authenticated.token.hash,
        snapshot: authenticated.snapshot,
        address: request.ip,
        ...(holder && { holderId: holder.holderId }),
      },
      holder ? { ...caller, actor: `holder:${holder.holderId}` } : caller,
    );
    return sessionWithTokenOf(renewed);
  }
}
