import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { LedgerError } from '#libs/contracts';
import { relayState, requestAdopt } from '#libs/ledger';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';

/** What `LOG_FORKED` found, and the owner's word that the store's history is the right one. */
@Controller('v1/log')
export class AdoptLogController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Get('relay')
  @Allow('owner', 'auditor')
  relay(): Promise<{ forked: string | null; adoptRequested: boolean }> {
    return relayState(this.context.commands.database);
  }

  /** The relay rebuilds the stream from the store, and the projector the read models, which may have seen the other history. */
  @Post('adopt')
  @HttpCode(202)
  @Allow('owner')
  async adopt(): Promise<{ forked: string | null; adoptRequested: boolean }> {
    const { database } = this.context.commands;
    if (!(await requestAdopt(database))) {
      throw new LedgerError('BAD_REQUEST', {
        detail: 'Stream and store tell the same history: there is nothing to adopt.',
      });
    }
    return relayState(database);
  }
}
