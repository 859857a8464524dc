import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { type Caller, listSigningKeys, rotateSigningKey } from '#libs/commands';
import { type KeyRotationView, rotateKeyBody, type RotateKeyBody, type SigningKeyView } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy } from '../auth/caller.decorator.js';
import { ZodPipe } from '../validation/zod.pipe.js';

/** The keys that sign session tokens. */
@Controller('v1/keys')
export class KeysController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Get()
  @Allow('owner', 'auditor')
  async list(): Promise<{ items: SigningKeyView[] }> {
    return { items: await listSigningKeys(this.context.commands) };
  }

  @Post('rotate')
  @HttpCode(200)
  @Allow('owner')
  rotate(@Body(new ZodPipe(rotateKeyBody)) body: RotateKeyBody, @CalledBy() caller: Caller): Promise<KeyRotationView> {
    const { revoke } = body;
    return rotateSigningKey(this.context.commands, { ...(revoke !== undefined && { revoke }) }, caller);
  }
}
