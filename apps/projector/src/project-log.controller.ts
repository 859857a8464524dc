import { Controller, UseFilters } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CloudEvent } from '#libs/contracts';
import { ErrorsReachTheTransport, LOG_BATCH } from '#libs/messaging';
import { Projection } from '#libs/read-models';

/** Folds the log's batches into the read models. */
@Controller()
@UseFilters(ErrorsReachTheTransport)
export class ProjectLogController {
  constructor(private readonly projection: Projection) {}

  @EventPattern(LOG_BATCH)
  apply(@Payload() batch: CloudEvent[]): Promise<void> {
    return this.projection.apply(batch);
  }
}
