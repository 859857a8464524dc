import { Controller, Get, Query } from '@nestjs/common';
import { type List, sessionsQuery, type SessionsQuery, type SessionView } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import type { Principal } from '../auth/principal.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { listSessions } from './list-sessions.js';

@Controller('v1/sessions')
export class ListSessionsController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Get()
  @Allow('owner', 'auditor', 'session')
  async list(
    @Query(new ZodPipe(sessionsQuery)) query: SessionsQuery,
    @Who() { agents }: Principal,
  ): Promise<List<SessionView>> {
    const { database, heads } = this.context.commands;
    const now = Math.floor((await heads.now()) / 1000);
    return listSessions(database, query, { agents, now });
  }
}
