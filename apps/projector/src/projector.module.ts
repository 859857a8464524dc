import { Module, type DynamicModule } from '@nestjs/common';
import { Projection } from '#libs/read-models';
import { ProjectLogController } from './project-log.controller.js';

@Module({})
export class ProjectorModule {
  static with(projection: Projection): DynamicModule {
    return {
      module: ProjectorModule,
      controllers: [ProjectLogController],
      providers: [{ provide: Projection, useValue: projection }],
    };
  }
}
