import { Controller, Get, Header, Query } from '@nestjs/common';
import { type RevocationPage, revocationsQuery, type RevocationsQuery } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import type { Principal } from '../auth/principal.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { readRevocations } from './revocation-feed.js';

@Controller('v1/revocations')
export class RevocationsController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Get()
  @Allow('owner', 'auditor', 'resource')
  @Header('cache-control', 'no-store')
  page(
    @Query(new ZodPipe(revocationsQuery)) query: RevocationsQuery,
    @Who() { agents }: Principal,
  ): Promise<RevocationPage> {
    return readRevocations(this.context.commands, { ...query, agents });
  }
}
