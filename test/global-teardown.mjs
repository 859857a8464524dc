/** After the last test: all that the run has left is searched for secrets, then cleared away. */
import pg from 'pg';
import { clearRun, stopRun } from './run-folder.mjs';

const MEGABYTE = 1024 * 1024;
const PATIENCE_MS = 10_000;
const MOST_LINES = 200;

export default async function globalTeardown() {
  const { postgres, runDir, watch } = globalThis.sessionLedgerTestRun;
  watch[Symbol.dispose]();
  try {
    await endRun(postgres, runDir);
    await requireNoSecret(runDir, watch.processes);
    await clearRun(runDir);
  } finally {
    // Only where something keeps this process alive: a run must end, and say that it did not end well.
    setTimeout(() => {
      console.error('The tests are over, but something that one of them opened is not closed. Ending with an error.');
      process.exit(process.exitCode || 1);
    }, PATIENCE_MS).unref();
  }
}

/** Whatever becomes of the dumps: no server outlives the run. */
async function endRun(postgres, runDir) {
  try {
    await dumpWhatIsLeft(postgres);
  } finally {
    await postgres.stop();
    await stopRun(runDir);
  }
}

async function requireNoSecret(runDir, processes) {
  const { searchRun } = await import('#libs/testing');
  const began = Date.now();
  const { findings, files, bytes, secrets } = searchRun(runDir, processes);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  const extent = `${files} files, ${Math.round(bytes / MEGABYTE)} MB, ${processes.length} processes in ${seconds} s`;
  console.log(`Searched what the run left for ${secrets} secrets: ${extent}.`);
  if (findings.length > 0) throw new Error(described(findings, runDir));
}

/** Databases whose tests ended before they could drop them. */
async function dumpWhatIsLeft(postgres) {
  const { dumpTestDatabase } = await import('#libs/testing');
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query(`select datname from pg_database where datname ~ '^test_' and datallowconn`);
  await client.end();
  for (const { datname } of rows) await dumpTestDatabase(datname);
}

function described(findings, runDir) {
  const lines = findings
    .slice(0, MOST_LINES)
    .map(
      ({ secret, where, offset, spec }) =>
        `  ${secret}: ${where}, byte ${offset}; by ${spec || 'a spec that is not known'}`,
    );
  return [
    `A secret stands where none may stand (${findings.length} places${findings.length > MOST_LINES ? `, the first ${MOST_LINES} of them` : ''}):`,
    ...lines,
    `The files are below ${runDir} until the next run. Mend what wrote them; where a test writes one on purpose, mark it with a reason of ON_PURPOSE.`,
  ].join('\n');
}
