import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_ENVIRONMENT_VARIABLE, testEnvironment } from '../environment.js';
import type { OnPurpose } from '../canary/on-purpose.js';

/** What a run leaves behind besides its servers' own files; searched for secrets after the last test. */
export const RECORD_FOLDER = 'record';
export type RecordKind = 'output' | 'logs' | 'messages' | 'dumps' | 'secrets' | 'marks';

let count = 0;
/** Modules are loaded anew for each spec: so the names below tell whose they are. */
const LOADED = Date.now();

/** A new file of the run's record; undefined outside a test run. */
export function newRecord(kind: RecordKind, name: string): string | undefined {
  return pathOf(kind, `${name}.${process.pid}.${Date.now()}.${++count}`);
}

/** The one file with this name that a spec has in the run's record. */
export function recordOf(kind: RecordKind, name: string): string | undefined {
  return pathOf(kind, `${name}.${process.pid}.${LOADED}.0`);
}

function pathOf(kind: RecordKind, name: string): string | undefined {
  if (process.env[TEST_ENVIRONMENT_VARIABLE] === undefined) return undefined;
  const folder = join(testEnvironment().runDir, RECORD_FOLDER, kind);
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

/** Adds to a file of the record. Written at once: what a killed test has seen counts as well. */
export function addToRecord(file: string | undefined, content: string | Buffer): void {
  if (file !== undefined) appendFileSync(file, content);
}

/** Keeps what a program printed that ran inside the test's own process. */
export function recordOutput(program: string, content: string | Buffer): void {
  addToRecord(recordOf('logs', program), content);
}

/** Keeps a message that one of the test's far ends received. */
export function recordMessage(receiver: string, content: string): void {
  addToRecord(recordOf('messages', receiver), `${content}\n`);
}

/** A secret that the search after the run cannot know by itself: it must stand nowhere in what the run leaves. */
export function registerSecret(name: string, value: string): void {
  addToRecord(newRecord('secrets', 'registered'), JSON.stringify({ name, value }));
}

/** A file or folder of this run that holds secrets because the test puts them there. */
export function holdsSecrets(path: string, why: OnPurpose): void {
  const file = newRecord('marks', 'holds');
  if (file !== undefined) writeFileSync(file, JSON.stringify({ path, why }));
}
