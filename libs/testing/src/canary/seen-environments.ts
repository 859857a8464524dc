import { TEST_ENVIRONMENT_VARIABLE } from '../environment.js';
import type { SeenProcess } from './process-watch.js';

const SERVER = /(^|\/)(postgres|initdb|nats-server)(:|\0|$)/;

/**
 * What others can see of the run's processes: every command line, and every environment entry but those that a test itself gave to a
 * process it started, as an operator would. A database or NATS server gets none of these either.
 */
export function environmentsIn(
  processes: readonly SeenProcess[],
  isStartedByTest: (seen: SeenProcess) => boolean,
): { pid: number; where: string; content: string }[] {
  const given = new Set(processes.filter(isStartedByTest).flatMap(entriesOf));
  return processes.flatMap((seen) => {
    const isServer = SERVER.test(seen.commandLine);
    const entries = entriesOf(seen).filter((entry) => isServer || !(given.has(entry) || isOurs(entry)));
    const program = `${seen.commandLine.split('\0')[0] ?? ''} (pid ${seen.pid})`;
    return [
      { pid: seen.pid, where: `command line of ${program}`, content: seen.commandLine },
      { pid: seen.pid, where: `environment of ${program}`, content: entries.join('\0') },
    ];
  });
}

/** Empty for a process that was not told of one. */
export function temporaryFolderOf(seen: SeenProcess): string {
  const name = 'TMPDIR=';
  return (
    entriesOf(seen)
      .find((entry) => entry.startsWith(name))
      ?.slice(name.length) ?? ''
  );
}

function entriesOf({ environment }: SeenProcess): string[] {
  return environment.split('\0');
}

/** Jest and its workers know where the run's PostgreSQL is. */
function isOurs(entry: string): boolean {
  return entry.startsWith(`${TEST_ENVIRONMENT_VARIABLE}=`);
}
