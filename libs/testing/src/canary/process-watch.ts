import { existsSync, readdirSync, readFileSync } from 'node:fs';

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
  /** By pid: one that changes its title is seen more than once. */
  private readonly seen = new Map<number, SeenProcess[]>();
  /** Each text once: a run has thousands of processes with few environments. */
  private readonly texts = new Map<string, string>();
  private readonly timer: NodeJS.Timeout;

  private constructor(everyMs: number) {
    this.timer = setInterval(() => this.look(), everyMs).unref();
  }

  /** Sees nothing on a system without `/proc`. */
  static start(everyMs = LOOK_MS): ProcessWatch {
    return new ProcessWatch(everyMs);
  }

  get processes(): SeenProcess[] {
    return [...this.seen.values()].flat();
  }

  /** Looks once more: what a test has left running is seen in any case. */
  [Symbol.dispose](): void {
    clearInterval(this.timer);
    this.look();
  }

  private look(): void {
    if (!existsSync('/proc/self/stat')) return;
    const parents = parentsOfAll();
    for (const [pid, parent] of parents) {
      if (!descends(pid, parents)) continue;
      // Asked before the rest is read: a program that begins in between would make its parent's environment look like its own.
      const forkedOnly = isForkedOnly(pid);
      const [commandLine, environment] = [read(pid, 'cmdline'), read(pid, 'environ')];
      if (commandLine === '' && environment === '') continue;
      // Between fork and exec a child is a copy of its parent in all that can be seen of it.
      if (forkedOnly && commandLine === read(parent, 'cmdline') && environment === read(parent, 'environ')) continue;
      this.keep({ pid, parent, commandLine: this.once(commandLine), environment: this.once(environment) });
    }
  }

  private keep(one: SeenProcess): void {
    const known = this.seen.get(one.pid) ?? [];
    if (known.some((two) => two.commandLine === one.commandLine && two.environment === one.environment)) return;
    this.seen.set(one.pid, [...known, one]);
  }

  private once(text: string): string {
    const known = this.texts.get(text);
    if (known === undefined) this.texts.set(text, text);
    return known ?? text;
  }
}

function isForkedOnly(pid: number): boolean {
  return (Number(fieldsOf(pid)[FLAGS]) & FORK_NO_EXEC) !== 0;
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
