import { type CloudEvent, exportedEventOf } from '#libs/contracts';
import type { ExportedEvent } from '#libs/proof';
import { Failure } from '../../failure.js';

export const EXPORT_AGAIN = 'Export the whole log again: `sledger audit export --to <file>`.';

/** An event, a checkpoint of the log, or null for the header. Throws a Failure for any other line. */
export function parseLine(line: string, number: number): ExportedEvent | { checkpoint: string } | null {
  let value: (Partial<CloudEvent> & { checkpoint?: unknown; keys?: unknown }) | null;
  try {
    value = JSON.parse(line) as typeof value;
  } catch (error) {
    throw new Failure(`line ${number} of the export is no JSON`, EXPORT_AGAIN, 'no_export', { cause: error });
  }
  if (value === null) throw noEvent(number);
  if (typeof value.checkpoint === 'string') return { checkpoint: value.checkpoint };
  if (Array.isArray(value.keys)) return null;
  if (typeof value.position !== 'number' || typeof value.type !== 'string' || typeof value.subject !== 'string') {
    throw noEvent(number);
  }
  return exportedEventOf(value as CloudEvent);
}

function noEvent(number: number): Failure {
  return new Failure(`line ${number} of the export is no event of a ledger`, EXPORT_AGAIN, 'no_export');
}

/** The keys that the header of an export names; none when it is no such header. */
export function keysOfHeader(line: string): string[] {
  try {
    const { keys } = JSON.parse(line) as { keys?: unknown };
    return Array.isArray(keys) ? keys.map(String) : [];
  } catch {
    return [];
  }
}
