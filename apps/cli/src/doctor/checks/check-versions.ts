import type { OwnerClient } from '#libs/client';
import type { ServerStatus } from '#libs/contracts';
import { programVersion } from '../../installation.js';
import type { Check } from '../examination.js';
import { failed, ok, skipped, warning, type Finding } from '../finding.js';

/** Seconds after which an event that has no place in the log yet is worth a word, and a shout. */
const SLOW = 5;
const STUCK = 60;

/** Versions, schema and how far the log and its readers are. */
export const checkVersions: Check = async (examination) => {
  const { owner } = examination;
  if (!owner)
    return [skipped('versions', 'Versions and log were not looked at: the owner credential is not accepted.')];
  try {
    examination.status = await owner.status();
  } catch (error) {
    return [
      warning(
        'versions',
        `The server does not tell its state: ${(error as Error).message}.`,
        'Bring server and sledger to the same version.',
      ),
    ];
  }
  const { version, schema, log, readers } = examination.status;
  const own = programVersion();
  return [
    version === own
      ? ok('versions', `Server and sledger are both ${own}.`)
      : warning('versions', `The server is ${version}, sledger is ${own}.`, 'Bring both to the same version.'),
    schemaFinding(schema),
    logFinding(log),
    ...(await forkFindings(owner)),
    ...readers.map(({ name, position }) => readerFinding(name, log.position - position)),
  ];
};

function schemaFinding({ actual, missing = [], unknown = [] }: ServerStatus['schema']): Finding {
  if (unknown.length > 0) {
    return failed(
      'schema',
      `The database schema is newer than the server: it has had ${unknown.join(', ')}, which this version does not know.`,
      'Start the newer version of the server; do not go back to this one.',
    );
  }
  if (missing.length > 0) {
    return failed(
      'schema',
      `The database schema is older than the server: it lacks ${missing.join(', ')}.`,
      'Restart the server: it migrates at start.',
    );
  }
  return ok('schema', `The database schema is up to date (${actual}).`);
}

async function forkFindings(owner: OwnerClient): Promise<Finding[]> {
  const { forked, adoptRequested } = await owner.relayState();
  if (forked === null) return [];
  const what = `Database and bus tell another history (LOG_FORKED): ${forked}.`;
  return adoptRequested
    ? [warning('log', `${what} The stream is being rebuilt.`, 'Look again in a minute.')]
    : [failed('log', what, 'No alert and no hot swap comes through. See what it would mean: `sledger log adopt`.')];
}

function logFinding(log: { waiting: number; waitingSeconds: number | null; position: number }): Finding {
  const seconds = log.waitingSeconds ?? 0;
  const what = `${log.waiting} event(s) wait for their place in the log, the oldest for ${Math.round(seconds)} s`;
  const remedy = 'Look whether the sequencer runs; its log names a transaction that holds it up.';
  if (seconds > STUCK) return failed('sequencer', `${what}: no alert and no hot swap comes through.`, remedy);
  if (seconds > SLOW) return warning('sequencer', `${what}.`, remedy);
  return ok('sequencer', `The log is complete up to position ${log.position}.`);
}

const FAR_BEHIND = 1000;

function readerFinding(name: string, behind: number): Finding {
  if (behind > FAR_BEHIND) {
    return warning(
      name,
      `${name} is ${behind} events behind the log.`,
      `Look whether the ${name} runs and what its log says.`,
    );
  }
  return ok(name, `${name} is up to date.`);
}
