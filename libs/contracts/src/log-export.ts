import { z } from 'zod';
import { cloudEvent, streamOfEnvelope, type CloudEvent } from './envelope.js';
import { eventTypeOf } from './event-types.js';

/** First line of an exported log: what it is and whose keys sign it. */
export const logExportHeader = z.object({
  format: z.literal('session-ledger-log.v1'),
  /** Public keys of the log (C2SP verifier keys). A verifier takes them from a source of its own where it has one. */
  keys: z.array(z.string()),
});
/** A line with a signed checkpoint. */
export const logExportCheckpoint = z.object({ checkpoint: z.string() });
/** Every other line is an event's envelope, by position. */
export const logExportLine = z.union([logExportHeader, logExportCheckpoint, cloudEvent]);
export type LogExportLine = z.infer<typeof logExportLine>;

/** The fields of an envelope that its leaf covers, as `LogVerifier` of libs/proof takes them. */
export function exportedEventOf(envelope: CloudEvent) {
  return {
    position: envelope.position,
    streamId: streamOfEnvelope(envelope),
    version: envelope.streamversion,
    id: envelope.id,
    type: eventTypeOf(envelope.type) ?? envelope.type,
    schemaVersion: Number(/\.v(\d{1,4})$/.exec(envelope.type)?.[1] ?? 1),
    time: envelope.time,
    actor: envelope.actor,
    requestId: envelope.requestid,
    data: envelope.data,
    leaf: envelope.leaf,
  };
}
