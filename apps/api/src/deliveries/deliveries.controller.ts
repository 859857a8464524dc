import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import type { Caller } from '#libs/commands';
import { deliveriesQuery, type DeliveriesQuery, type DeliveryView, type List, type WhyView } from '#libs/contracts';
import { Deliveries, whyNotified } from '#libs/deliveries';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy, Who } from '../auth/caller.decorator.js';
import type { Principal } from '../auth/principal.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { listDeliveries } from './list-deliveries.js';

@Controller('v1')
export class DeliveriesController {
  private readonly deliveries: Deliveries;

  constructor(@Context() private readonly context: ApiContext) {
    this.deliveries = new Deliveries(context.commands.database);
  }

  @Get('deliveries')
  @Allow('owner', 'auditor')
  list(
    @Query(new ZodPipe(deliveriesQuery)) query: DeliveriesQuery,
    @Who() principal: Principal,
  ): Promise<List<DeliveryView>> {
    return listDeliveries(this.context.commands.database, query, principal);
  }

  @Get('deliveries/:id')
  @Allow('owner', 'auditor')
  show(@IdParam() id: string, @Who() { agents }: Principal): Promise<DeliveryView> {
    return this.deliveries.get(id, agents);
  }

  @Post('deliveries/:id/redeliver')
  @Allow('owner')
  @HttpCode(200)
  redeliver(@IdParam() id: string, @CalledBy() { idempotency }: Caller): Promise<DeliveryView> {
    return this.deliveries.redeliver(id, idempotency);
  }

  @Get('notifications/:id/why')
  @Allow('owner', 'auditor')
  why(@IdParam() id: string, @Who() { agents }: Principal): Promise<WhyView> {
    return whyNotified(this.context.commands.database, id, agents);
  }
}
