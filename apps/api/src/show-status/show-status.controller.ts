import { Controller, Get } from '@nestjs/common';
import type { ServerStatus } from '#libs/contracts';
import { schemaState } from '#libs/database';
import { programVersion } from '#libs/platform';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { keyStates } from './key-states.js';
import { logState, readerStates } from './log-state.js';

/** What an operator's tools look at: versions, schema, log, readers, keys. */
@Controller('v1/status')
export class ShowStatusController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Get()
  @Allow('owner', 'auditor')
  async show(): Promise<ServerStatus> {
    const { commands, config } = this.context;
    const { database, heads, keys } = commands;
    const now = await heads.now();
    return {
      version: programVersion(),
      time: new Date(now).toISOString(),
      schema: await schemaState(database),
      log: await logState(database),
      readers: await readerStates(database),
      keys: keyStates(await keys.list(), Math.floor(now / 1000)),
      issuer: config.issuer,
      previousTokenGrace: config.previousTokenGrace,
    };
  }
}
