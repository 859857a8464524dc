import type { EventEmitter } from 'node:events';
import { inspect } from 'node:util';

/** What nobody expected is reported and survived: the agent's connection is worth more than a clean end. */
export function outlive(process: Pick<EventEmitter, 'on'>, report: (message: string) => void): void {
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, (reason: unknown) => report(`Unexpected: ${wordsOf(reason)}. Going on.`));
}

/** Anything can be thrown, also what is no error and has no text. */
function wordsOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : inspect(reason, { depth: 0 });
}
