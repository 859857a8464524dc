import { Controller, UseFilters } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CloudEvent } from '#libs/contracts';
import { ErrorsReachTheTransport, LOG_BATCH } from '#libs/messaging';
import { EventIntake } from './event-intake.js';

/** The log's door: what arrives here is recorded and then acked. */
@Controller()
@UseFilters(ErrorsReachTheTransport)
export class LogController {
  constructor(private readonly intake: EventIntake) {}

  @EventPattern(LOG_BATCH)
  async apply(@Payload() batch: CloudEvent[]): Promise<void> {
    await this.intake.apply(batch);
  }
}
