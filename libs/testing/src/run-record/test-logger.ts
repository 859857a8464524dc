import { createLogger, type Logger } from '#libs/platform';
import { addToRecord, recordOf } from './run-record.js';

/** For a service that a test starts in its own process: logs at level debug into the run's record, and prints nothing. */
export function testLogger(service: string): Logger {
  const file = recordOf('logs', service);
  return createLogger({ service, level: 'debug', destination: { write: (line) => addToRecord(file, line) } });
}
