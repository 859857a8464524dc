import { Module, type DynamicModule } from '@nestjs/common';
import { LOG_LEADER_PARTS, LogLeader, type LogLeaderParts } from './log-leader.js';

@Module({})
export class SequencerModule {
  static with(parts: LogLeaderParts): DynamicModule {
    return {
      module: SequencerModule,
      providers: [{ provide: LOG_LEADER_PARTS, useValue: parts }, LogLeader],
      exports: [LogLeader],
    };
  }
}
