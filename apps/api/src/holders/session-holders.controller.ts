import { Controller, Get } from '@nestjs/common';
import { sessionHolders } from '#libs/commands';
import { LedgerError, type SessionHoldersView } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import { type Principal, seesAgent } from '../auth/principal.js';
import { IdParam } from '../validation/id-param.js';

@Controller('v1/sessions')
export class SessionHoldersController {
  constructor(@Context() private readonly context: ApiContext) {}

  /** The receipts of one session: which holders run its current generation, or know of its end. */
  @Get(':id/holders')
  @Allow('owner', 'auditor')
  async show(@IdParam() sessionId: string, @Who() principal: Principal): Promise<SessionHoldersView> {
    const { heads, database } = this.context.commands;
    const snapshot = await heads.session(sessionId);
    if (!snapshot || !seesAgent(principal, snapshot.head.agentId)) {
      throw new LedgerError('NOT_FOUND', { detail: `There is no session ${sessionId}.` });
    }
    return sessionHolders(database, snapshot);
  }
}
