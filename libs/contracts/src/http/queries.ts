import { z } from 'zod';
import { EVENT_TYPES, type EventType } from '../event-types.js';
import { deliveryStatus } from './channels.js';
import { page, queryTime, text, uuid } from './common.js';
import { sessionStatus } from './sessions.js';

const DASHES = [8, 13, 18, 23];
/** The beginning of an id, as people type it. */
const idPrefix = z
  .string()
  .regex(/^[0-9a-f-]{1,36}$/, 'the beginning of an id')
  .refine(
    (prefix) => [...prefix].every((char, at) => (char === '-') === DASHES.includes(at)),
    'the beginning of an id',
  );

/** Query of `GET /v1/sessions`. */
export const sessionsQuery = page.extend({
  agentId: uuid.optional(),
  status: sessionStatus.optional(),
  idPrefix: idPrefix.optional(),
});
export type SessionsQuery = z.infer<typeof sessionsQuery>;

/** Query of `GET /v1/sessions/:id`: as it was at a time; or not before this version of it is there. */
export const sessionQuery = z.strictObject({
  at: queryTime.optional(),
  minVersion: z.coerce.number().int().min(1).max(1_000_000_000).optional(),
});
export type SessionQuery = z.infer<typeof sessionQuery>;

/** Query of `GET /v1/audit` and of its export (which takes no page). Times: `from` ≤ event < `to`. */
export const auditQuery = page.extend({
  agentId: uuid.optional(),
  sessionId: uuid.optional(),
  type: z.enum(Object.keys(EVENT_TYPES) as [EventType, ...EventType[]]).optional(),
  actor: text.max(200).optional(),
  from: queryTime.optional(),
  to: queryTime.optional(),
  /** Words of the reason. */
  text: text.min(1).max(200).optional(),
});
export type AuditQuery = z.infer<typeof auditQuery>;

/** Query of `GET /v1/audit/export`. */
export const auditExportQuery = auditQuery
  .omit({ cursor: true, limit: true })
  .extend({ format: z.enum(['ndjson', 'csv']).default('ndjson') });
export type AuditExportQuery = z.infer<typeof auditExportQuery>;

/** Query of `GET /v1/deliveries`. */
export const deliveriesQuery = page.extend({
  channelId: uuid.optional(),
  eventId: uuid.optional(),
  sessionId: uuid.optional(),
  agentId: uuid.optional(),
  status: deliveryStatus.optional(),
});
export type DeliveriesQuery = z.infer<typeof deliveriesQuery>;

/** Query of `GET /v1/holders`. */
export const holdersQuery = page.extend({ agentId: uuid.optional(), sessionId: uuid.optional() });
export type HoldersQuery = z.infer<typeof holdersQuery>;
