import { Module, type DynamicModule } from '@nestjs/common';
import { EventIntake } from './take-in-events/event-intake.js';
import { LogController } from './take-in-events/log.controller.js';
import { Notifier } from './notifier.js';

@Module({})
export class NotifierModule {
  /** The module of one running notifier. */
  static with(notifier: Notifier): DynamicModule {
    return {
      module: NotifierModule,
      controllers: [LogController],
      providers: [
        { provide: Notifier, useValue: notifier },
        { provide: EventIntake, useValue: notifier.intake },
      ],
    };
  }
}
