import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import type { AuthenticatedToken } from '#libs/commands';
import { type Introspection, LedgerError, tokenParameter, type TokenParameter } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import { type Principal, seesAgent } from '../auth/principal.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { isAccepted, ourToken } from './accepted-token.js';

/** RFC 7662: is this token good now? Asked by a resource server, the owner, or about itself by the token's own bearer. */
@Controller('oauth/introspect')
export class IntrospectController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Allow('owner', 'auditor', 'resource', 'session')
  async introspect(
    @Body(new ZodPipe(tokenParameter)) { token }: TokenParameter,
    @Who() principal: Principal,
  ): Promise<Introspection> {
    const found = await ourToken(this.context.commands, token);
    if (principal.kind === 'session' && found?.token.hash !== principal.authenticated.token.hash) {
      throw new LedgerError('FORBIDDEN', { detail: 'A session token may ask about itself only.' });
    }
    const isGood = found && seesAgent(principal, found.token.claims.sub) && isAccepted(found);
    return isGood && !found.snapshot.killSwitchActive ? activeOf(found) : { active: false };
  }
}

function activeOf({ token: { claims }, snapshot: { head } }: AuthenticatedToken): Introspection {
  const { iss, aud, sub, client_id, sid, jti, gen, iat, exp, scope } = claims;
  const { maxAmountPerTx } = head.constraints;
  return {
    active: true,
    token_type: 'Bearer',
    ...{ iss, aud, sub, client_id, sid, jti, gen, iat, exp },
    ...(scope !== undefined && { scope }),
    ...(maxAmountPerTx !== undefined && { max_amount_per_tx: maxAmountPerTx }),
  };
}
