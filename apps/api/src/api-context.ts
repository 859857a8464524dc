import { Inject } from '@nestjs/common';
import type { CommandDeps } from '#libs/commands';
import type { Config, Health, Logger, Registry } from '#libs/platform';
import type { ApiKeys } from '#libs/commands';
import type { Channels } from '#libs/deliveries';
import type { DesktopAccess } from '#libs/messaging';
import type { SecretBox } from '#libs/tokens';
import type { OwnerPassword } from './owner-credential/owner-password.js';
import type { RefusalLog } from './problems/refusal-log.js';
import type { UpdateHub } from './updates/update-hub.js';

/** All that the routes work with, made once at start. */
export interface ApiContext {
  commands: CommandDeps;
  config: Config;
  logger: Logger;
  health: Health;
  metrics: Registry;
  ownerPassword: OwnerPassword;
  apiKeys: ApiKeys;
  refusals: RefusalLog;
  updates: UpdateHub;
  /** Seals secrets at rest. */
  box: SecretBox;
  channels: Channels;
  /** Access to NATS for desktops; null where the server is not in operator mode. */
  desktops: DesktopAccess | null;
}

export const API_CONTEXT = Symbol('ApiContext');

/** Injects the `ApiContext`. */
export const Context = (): ParameterDecorator & PropertyDecorator => Inject(API_CONTEXT);
