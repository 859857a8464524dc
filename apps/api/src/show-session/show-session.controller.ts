import { Controller, Get, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { snapshotViewOf } from '#libs/commands';
import { LedgerError, sessionQuery, type SessionQuery, type SessionView } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import type { Principal } from '../auth/principal.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { sessionAt, waitForVersion } from './session-at.js';
import { visibleSession } from './visible-session.js';

@Controller('v1')
export class ShowSessionController {
  constructor(@Context() private readonly context: ApiContext) {}

  /** Whoami: the session of the token that asks. */
  @Get('session')
  @Allow('session')
  own(@Who() principal: Principal): SessionView {
    if (principal.kind !== 'session') throw new LedgerError('FORBIDDEN');
    return snapshotViewOf(principal.authenticated.snapshot);
  }

  @Get('sessions/:id')
  @Allow('owner', 'auditor', 'session')
  async show(
    @IdParam() sessionId: string,
    @Query(new ZodPipe(sessionQuery)) { at, minVersion = 0 }: SessionQuery,
    @Who() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    const { snapshot, stale } = await waitForVersion(
      () => visibleSession(this.context.commands, sessionId, principal),
      minVersion,
    );
    if (at !== undefined) return sessionAt(this.context.commands, snapshot, at);
    if (stale) void reply.header('ledger-stale', 'true');
    return snapshotViewOf(snapshot);
  }
}
