/** Lets a run of the tests choose its nats-server, to try another version than the one that is found. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Puts the file that `LEDGER_TEST_NATS_SERVER` names first on PATH, for this run and every process that it starts. */
export function chooseNatsServer(runDir) {
  const chosen = process.env.LEDGER_TEST_NATS_SERVER;
  if (!chosen) return;
  const file = resolve(chosen);
  try {
    console.log(`testing with ${execFileSync(file, ['--version'], { encoding: 'utf8' }).trim()}`);
  } catch (cause) {
    throw new Error(`LEDGER_TEST_NATS_SERVER names ${file}, which does not run. Name a nats-server.`, { cause });
  }
  const folder = join(runDir, 'bin');
  mkdirSync(folder);
  symlinkSync(file, join(folder, 'nats-server'));
  process.env.PATH = [folder, process.env.PATH].join(delimiter);
}
