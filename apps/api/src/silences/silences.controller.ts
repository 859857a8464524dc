import { Body, Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import type { Caller } from '#libs/commands';
import {
  createSilenceBody,
  type CreateSilenceBody,
  type List,
  page,
  type Page,
  type SilenceView,
  uuid,
} from '#libs/contracts';
import { Silences } from '#libs/deliveries';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy, Who } from '../auth/caller.decorator.js';
import { type Principal, requireEveryAgent } from '../auth/principal.js';
import { pageOfAll } from '../paging/pages.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';

@Controller('v1/silences')
export class SilencesController {
  private readonly silences: Silences;

  constructor(@Context() context: ApiContext) {
    this.silences = new Silences(context.commands.database);
  }

  @Post()
  @Allow('owner')
  create(
    @Body(new ZodPipe(createSilenceBody)) body: CreateSilenceBody,
    @CalledBy() caller: Caller,
  ): Promise<SilenceView> {
    return this.silences.create(body, caller);
  }

  @Get()
  @Allow('owner', 'auditor')
  async list(@Query(new ZodPipe(page)) query: Page, @Who() principal: Principal): Promise<List<SilenceView>> {
    requireEveryAgent(principal, 'Silences are');
    const valid = (key: string) => uuid.safeParse(key).success;
    return pageOfAll(await this.silences.list(), { ...query, keyOf: ({ id }) => id, order: 'descending', valid });
  }

  @Delete(':id')
  @Allow('owner')
  @HttpCode(204)
  end(@IdParam() id: string, @CalledBy() caller: Caller): Promise<void> {
    return this.silences.end(id, caller);
  }
}
