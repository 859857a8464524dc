import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AgentsController } from './agents/agents.controller.js';
import { API_CONTEXT, type ApiContext } from './api-context.js';
import { CredentialsGuard } from './auth/credentials.guard.js';
import { CreateSessionController } from './create-session/create-session.controller.js';
import { HealthController } from './health/health.controller.js';
import { HoldersController } from './holders/holders.controller.js';
import { JwksController } from './jwks/jwks.controller.js';
import { KillSwitchController } from './kill-switch/kill-switch.controller.js';
import { ListSessionsController } from './list-sessions/list-sessions.controller.js';
import { RenewSessionController } from './renew-session/renew-session.controller.js';
import { RevokeSessionController } from './revoke-session/revoke-session.controller.js';
import { RotateSessionController } from './rotate-session/rotate-session.controller.js';
import { ShowSessionController } from './show-session/show-session.controller.js';
import { UpdatesController } from './updates/updates.controller.js';

const CONTROLLERS: Type[] = [
  AgentsController,
  CreateSessionController,
  HealthController,
  HoldersController,
  JwksController,
  KillSwitchController,
  ListSessionsController,
  RenewSessionController,
  RevokeSessionController,
  RotateSessionController,
  ShowSessionController,
  UpdatesController,
];

@Module({})
export class ApiModule {
  static with(context: ApiContext): DynamicModule {
    return {
      module: ApiModule,
      controllers: CONTROLLERS,
      providers: [
        { provide: API_CONTEXT, useValue: context },
        { provide: APP_GUARD, useClass: CredentialsGuard },
      ],
    };
  }
}
