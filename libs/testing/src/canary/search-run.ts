import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { locateCluster } from '#libs/embedded';
import { RECORD_FOLDER } from '../run-record/run-record.js';
import { type Hit, LONGEST_SHAPE, Needles } from './needles.js';
import { ON_PURPOSE } from './on-purpose.js';
import type { SeenProcess } from './process-watch.js';
import { addRunSecrets, entriesIn, isOwnersToken, keepsSecret, namesIn } from './run-secrets.js';
import { addSecretShapes } from './secret-shapes.js';
import { environmentsIn, temporaryFolderOf } from './seen-environments.js';
import { SpecsOfRun } from './specs-of-run.js';

const CHUNK = 16 * 1024 * 1024;
/** Where the search itself keeps what it looks for. */
const OWN = new RegExp(`^${RECORD_FOLDER}/(secrets|marks|specs)/`);
/** The databases that every cluster is born with: nobody writes there. */
const TEMPLATE = /\/base\/\d{1,4}\//;

export interface Finding {
  /** Which secret; never the secret. */
  secret: string;
  where: string;
  /** Of the first one there, in bytes. */
  offset: number;
  /** Whose test left it there, as far as that is known; empty where it is not. */
  spec: string;
}

export interface RunSearch {
  findings: Finding[];
  files: number;
  bytes: number;
  /** How many secrets, and kinds of secrets, were looked for. */
  secrets: number;
}

/**
 * Searches all that a run has left: files of its servers, what processes printed and answered, messages, dumps, and the processes as
 * seen from outside. Its servers must have stopped.
 */
export function searchRun(runDir: string, seen: readonly SeenProcess[] = []): RunSearch {
  const files = Array.from(filesBelow(runDir), (path) => relative(runDir, path));
  const isMarked = markedIn(runDir);
  const processes = seen.filter((one) => !isMarked(temporaryFolderOf(one)));
  const needles = new Needles();
  addSecretShapes(needles);
  addRunSecrets(needles, runDir, files);
  const searched = files.filter((path) => !OWN.test(path) && !keepsSecret(path) && !TEMPLATE.test(path));

  const specs = new SpecsOfRun(runDir, processes);
  const findings = new Map<string, Finding>();
  const note = (where: string, spec: string, { name, offset }: Hit): void => {
    if (!findings.has(`${name} ${where}`)) findings.set(`${name} ${where}`, { secret: name, where, offset, spec });
  };
  const buffer = Buffer.allocUnsafe(CHUNK);
  let bytes = 0;
  for (const path of searched.filter((one) => !isMarked(join(runDir, one)))) {
    bytes += searchFile(join(runDir, path), buffer, ({ chunk, start, modifiedAt }) => {
      for (const hit of firstOfEach(needles.find(chunk))) {
        const spec = specs.ofFile(path, modifiedAt, chunk.toString('latin1', 0, hit.offset));
        note(path, spec, { ...hit, offset: start + hit.offset });
      }
    });
  }
  for (const { pid, where, content } of environmentsIn(processes, ({ parent }) => specs.isWorker(parent))) {
    for (const hit of needles.find(Buffer.from(content, 'latin1'))) note(where, specs.ofProcess(pid), hit);
  }
  return { findings: [...findings.values()], files: searched.length, bytes, secrets: needles.size };
}

function firstOfEach(hits: readonly Hit[]): Hit[] {
  return [...new Map(hits.toReversed().map((hit) => [hit.name, hit])).values()];
}

interface Chunk {
  chunk: Buffer;
  start: number;
  /** Of the file, in epoch milliseconds. */
  modifiedAt: number;
}

/** In chunks that overlap, so that a secret across a border is seen. Answers how many bytes were read; none of a file that keeps a token. */
function searchFile(path: string, buffer: Buffer, search: (part: Chunk) => void): number {
  const file = openToRead(path);
  if (file === undefined) return 0;
  try {
    const { mtimeMs: modifiedAt, mode } = fstatSync(file);
    for (let start = 0; ;) {
      const length = readSync(file, buffer, 0, CHUNK, start);
      const chunk = buffer.subarray(0, length);
      if (start === 0 && isOwnersToken(mode, chunk)) return 0;
      search({ chunk, start, modifiedAt });
      if (length < CHUNK) return start + length;
      start += CHUNK - LONGEST_SHAPE;
    }
  } finally {
    closeSync(file);
  }
}

/** Undefined for a file that has just gone: what a killed process was about to remove is no trouble of the run. */
function openToRead(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Also those of clusters that live elsewhere because PostgreSQL's user could not pass the folder. */
function* filesBelow(folder: string): Generator<string> {
  for (const entry of entriesIn(folder)) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    if (!entry.isDirectory()) continue;
    yield* filesBelow(path);
    const cluster = entry.name === 'postgres' ? clusterElsewhere(path) : undefined;
    if (cluster !== undefined) yield* filesBelow(cluster);
  }
}

/** Of a data directory that has a password, and so a cluster somewhere. */
function clusterElsewhere(dataDir: string): string | undefined {
  const names = namesIn(dataDir);
  if (!names.includes('password') || names.includes('cluster')) return undefined;
  const { cluster } = locateCluster(dataDir);
  return namesIn(cluster).length > 0 ? cluster : undefined;
}

/** Tells whether a test has marked this path, or a folder above it; a mark gives a reason of the list. */
function markedIn(runDir: string): (path: string) => boolean {
  const folder = join(runDir, RECORD_FOLDER, 'marks');
  const marks = namesIn(folder).map((name) => {
    const { path, why } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { path: string; why: string };
    if (!Object.hasOwn(ON_PURPOSE, why))
      throw new Error(`${path} is marked for a reason that is not in the list: ${why}`);
    return path;
  });
  return (path) => marks.some((mark) => path === mark || path.startsWith(mark + sep));
}
