import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AdoptLogController } from './adopt-log/adopt-log.controller.js';
import { AgentsController } from './agents/agents.controller.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { API_CONTEXT, type ApiContext } from './api-context.js';
import { AuditController } from './audit/audit.controller.js';
import { ProofsController } from './audit/proofs.controller.js';
import { CredentialsGuard } from './auth/credentials.guard.js';
import { ChannelsController } from './channels/channels.controller.js';
import { CreateSessionController } from './create-session/create-session.controller.js';
import { DeliveriesController } from './deliveries/deliveries.controller.js';
import { HealthController } from './health/health.controller.js';
import { HoldersController } from './holders/holders.controller.js';
import { SessionHoldersController } from './holders/session-holders.controller.js';
import { JwksController } from './jwks/jwks.controller.js';
import { KeysController } from './keys/keys.controller.js';
import { KillSwitchController } from './kill-switch/kill-switch.controller.js';
import { ListSessionsController } from './list-sessions/list-sessions.controller.js';
import { IntrospectController } from './oauth/introspect.controller.js';
import { MetadataController } from './oauth/metadata.controller.js';
import { RevokeController } from './oauth/revoke.controller.js';
import { OpenApiController } from './openapi/openapi.controller.js';
import { RenewSessionController } from './renew-session/renew-session.controller.js';
import { RevocationsController } from './revocations/revocations.controller.js';
import { RevokeSessionController } from './revoke-session/revoke-session.controller.js';
import { RotateLogKeyController } from './rotate-log-key/rotate-log-key.controller.js';
import { RotateSessionController } from './rotate-session/rotate-session.controller.js';
import { SessionHistoryController } from './session-history/session-history.controller.js';
import { ShowSessionController } from './show-session/show-session.controller.js';
import { ShowStatusController } from './show-status/show-status.controller.js';
import { SilencesController } from './silences/silences.controller.js';
import { UpdatesController } from './updates/updates.controller.js';

const CONTROLLERS: Type[] = [
  AdoptLogController,
  AgentsController,
  ApiKeysController,
  AuditController,
  ChannelsController,
  CreateSessionController,
  DeliveriesController,
  HealthController,
  HoldersController,
  IntrospectController,
  JwksController,
  KeysController,
  KillSwitchController,
  ListSessionsController,
  MetadataController,
  ProofsController,
  OpenApiController,
  RenewSessionController,
  RevocationsController,
  RevokeController,
  RevokeSessionController,
  RotateLogKeyController,
  RotateSessionController,
  SessionHoldersController,
  SessionHistoryController,
  ShowSessionController,
  ShowStatusController,
  SilencesController,
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
