import { SetMetadata } from '@nestjs/common';
import type { Access } from './principal.js';

export const ACCESS = 'session-ledger:access';

/** Says which credentials a route takes. A route without it refuses everybody. */
export const Allow = (...access: Access[]) => SetMetadata(ACCESS, access);
