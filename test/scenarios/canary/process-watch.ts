import { readdirSync, readFileSync } from 'node:fs';

const LOOK_MS = 50;
/** Fields of `/proc/<pid>/stat` behind the name, and the kernel's flag of a process that has not executed anything yet. */
const PARENT = 1;
const FLAGS = 6;
const FORK_NO_EXEC = 0x40;

/** What `ps` would show of one process, at some moment of its life. */
export interface SeenProcess {
  pid: number;
  parent: number;
  commandLine: string;
  environment: string;
}

/** Keeps looking at every descendant of this process, as another user of the machine might. */
export class ProcessWatch implements Disposable {
  /** By pid, command line and environment: a process that changes its title is seen twice. */
  private readonly seen = new Map<string, SeenProcess>();
  private readonly timer = setInterval(() => this.look(), LOOK_MS);

  get processes(): SeenProcess[] {
    return [...this.seen.values()];
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const parents = parentsOfAll();
    for (const [pid, parent] of parents) {
      if (!descends(pid, parents)) continue;
      const commandLine = read(pid, 'cmdline');
      const environment = read(pid, 'environ');
      if (commandLine === '' && environment === '') continue;
      if (isStillItsParent(pid, parent)) continue;
      this.seen.set(`${pid} ${commandLine} ${environment}`, { pid, parent, commandLine, environment });
    }
  }
}

/** Between fork and exec a child is a copy of its parent in all that can be seen of it. */
function isStillItsParent(pid: number, parent: number): boolean {
  const forkedOnly = (Number(fieldsOf(pid)[FLAGS]) & FORK_NO_EXEC) !== 0;
  return forkedOnly && ['cmdline', 'environ'].every((file) => read(pid, file) === read(parent, file));
}

function parentsOfAll(): Map<number, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(pids.map((pid) => [Number(pid), Number(fieldsOf(Number(pid))[PARENT] ?? 0)]));
}

/** Of `/proc/<pid>/stat`, behind the program's name. */
function fieldsOf(pid: number): string[] {
  const stat = read(pid, 'stat');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function descends(pid: number, parents: Map<number, number>): boolean {
  for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at)) {
    if (at === process.pid) return true;
  }
  return false;
}

/** Empty for a process that has just gone. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
