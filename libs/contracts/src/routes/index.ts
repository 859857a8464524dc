import { AGENT_ROUTES } from './agents.js';
import { ALERT_ROUTES } from './alerts.js';
import { AUDIT_ROUTES } from './audit.js';
import { HOLDER_ROUTES } from './holders.js';
import { OAUTH_ROUTES } from './oauth.js';
import { OPERATION_ROUTES } from './operation.js';
import type { Route } from './route.js';
import { SESSION_ROUTES } from './sessions.js';

const ALL = [
  ...AGENT_ROUTES,
  ...SESSION_ROUTES,
  ...HOLDER_ROUTES,
  ...AUDIT_ROUTES,
  ...ALERT_ROUTES,
  ...OAUTH_ROUTES,
  ...OPERATION_ROUTES,
] as const;

/** The whole HTTP surface. Who adds a route adds its row: a test compares the two. */
export const ROUTES: readonly Route[] = ALL;

/** The same rows as types, by `METHOD /path`. */
export type RouteTable = { [R in (typeof ALL)[number] as `${R['method']} ${R['path']}`]: R };

export {
  AREAS,
  errorsOf,
  EXAMPLE_IDS,
  type Answer,
  type Area,
  type Credential,
  type Method,
  type Route,
} from './route.js';
