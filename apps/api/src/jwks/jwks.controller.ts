import { Controller, Get, Header } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import { JWKS_MAX_AGE } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';

@Controller('.well-known/jwks.json')
export class JwksController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Get()
  @Allow('public')
  @Header('cache-control', `public, max-age=${JWKS_MAX_AGE}`)
  keys(): Promise<JSONWebKeySet> {
    return this.context.commands.keys.jwks();
  }
}
