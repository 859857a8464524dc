import { Controller, HttpCode, Post } from '@nestjs/common';
import { type Caller, rotateLogKey } from '#libs/commands';
import type { LogKeyRotationView } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy } from '../auth/caller.decorator.js';

/** The key that signs the log's checkpoints. */
@Controller('v1/log/keys')
export class RotateLogKeyController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Post('rotate')
  @HttpCode(200)
  @Allow('owner')
  rotate(@CalledBy() caller: Caller): Promise<LogKeyRotationView> {
    const { commands, config, box } = this.context;
    return rotateLogKey(commands, { sealer: box, issuer: config.issuer }, caller);
  }
}
