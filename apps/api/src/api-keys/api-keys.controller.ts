import { Body, Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { type Caller, createApiKey, revokeApiKey } from '#libs/commands';
import {
  type ApiKeyView,
  type ApiKeyWithSecret,
  createApiKeyBody,
  type CreateApiKeyBody,
  type List,
  page,
  revokeApiKeyBody,
  type RevokeApiKeyBody,
} from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy, Who } from '../auth/caller.decorator.js';
import { type Principal, requireEveryAgent } from '../auth/principal.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';

@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Post()
  @Allow('owner')
  create(
    @Body(new ZodPipe(createApiKeyBody)) body: CreateApiKeyBody,
    @CalledBy() caller: Caller,
  ): Promise<ApiKeyWithSecret> {
    return createApiKey(this.context.commands, body, caller);
  }

  @Get()
  @Allow('owner', 'auditor')
  list(
    @Query(new ZodPipe(page)) query: { cursor?: string; limit: number },
    @Who() principal: Principal,
  ): Promise<List<ApiKeyView>> {
    requireEveryAgent(principal, 'The list of keys is');
    return this.context.apiKeys.list(query);
  }

  @Delete(':id')
  @HttpCode(204)
  @Allow('owner')
  revoke(
    @IdParam() keyId: string,
    @Body(new ZodPipe(revokeApiKeyBody)) { reason }: RevokeApiKeyBody,
    @CalledBy() caller: Caller,
  ): Promise<void> {
    return revokeApiKey(this.context.commands, keyId, caller, reason);
  }
}
