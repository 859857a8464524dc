import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import type { Caller } from '#libs/commands';
import { LedgerError } from '#libs/contracts';
import { once } from '#libs/database';
import { relayState, requestAdopt } from '#libs/ledger';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy } from '../auth/caller.decorator.js';

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
  async adopt(@CalledBy() { idempotency }: Caller): Promise<{ forked: string | null; adoptRequested: boolean }> {
    const { database } = this.context.commands;
    const { outcome } = await once(database, idempotency, async () => {
      // A word given twice is given once: it may go before the outcome is kept.
      if (await requestAdopt(database)) return relayState(database);
      const detail = 'Stream and store tell the same history: there is nothing to adopt.';
      throw new LedgerError('BAD_REQUEST', { detail });
    });
    return outcome;
  }
}
