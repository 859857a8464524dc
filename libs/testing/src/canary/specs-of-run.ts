import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RECORD_FOLDER } from '../run-record/run-record.js';
import type { SeenProcess } from './process-watch.js';
import { namesIn } from './run-secrets.js';

/** `<name>.<pid>.<epoch milliseconds>.<count>`, as the record names its files. */
const RECORDED = /(?:^|\/)([^/.]*)\.(\d+)\.(\d+)\.\d+$/;

interface Begun {
  at: number;
  spec: string;
}

/** Each answer in the record begins with its time: a worker's file has those of many specs. */
const ANSWERED = /\n== (\d{13}) /g;

/** Which spec a process worked for, and when: a worker of Jest notes each spec that it begins. */
export class SpecsOfRun {
  private readonly begun = new Map<number, Begun[]>();
  private readonly parents: Map<number, number>;
  constructor(runDir: string, processes: readonly SeenProcess[]) {
    const record = join(runDir, RECORD_FOLDER);
    for (const name of namesIn(join(record, 'specs'))) {
      const lines = readFileSync(join(record, 'specs', name), 'utf8')
        .trimEnd()
        .split('\n');
      const specs = lines.map((line) => ({ at: Number.parseInt(line, 10), spec: line.slice(line.indexOf(' ') + 1) }));
      this.begun.set(Number(name), specs);
    }
    this.parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
    for (const name of namesIn(join(record, 'output'))) {
      const [, child, parent] = RECORDED.exec(name) ?? [];
      this.parents.set(Number(child), Number(parent));
    }
  }

  /** Whether this process runs specs itself. */
  isWorker(pid: number): boolean {
    return this.begun.has(pid);
  }

  /**
   * The spec whose process wrote this file of the record, or the answer there that `before` ends in; for another file those that
   * ran when it was written last.
   */
  ofFile(path: string, modifiedAt: number, before: string): string {
    const [, name, pid, at] = RECORDED.exec(path) ?? [];
    if (path.startsWith(`${RECORD_FOLDER}/`) && pid !== undefined) {
      const answeredAt = name === 'answers' ? [...before.matchAll(ANSWERED)].at(-1)?.[1] : undefined;
      return this.ofProcess(Number(pid), Number(answeredAt ?? at));
    }
    const specs = [...this.begun.values()].map((begun) => lastBefore(begun, modifiedAt)).filter((one) => one !== '');
    return [...new Set(specs)].join(' or ');
  }

  /** Empty where it is not known. */
  ofProcess(pid: number, at = Infinity): string {
    let known: number | undefined = pid;
    for (let up = 0; up < 10 && known !== undefined && !this.begun.has(known); up++) known = this.parents.get(known);
    return lastBefore(this.begun.get(known ?? 0) ?? [], at);
  }
}

function lastBefore(begun: readonly Begun[], at: number): string {
  return begun.findLast((one) => one.at <= at)?.spec ?? '';
}
