import { readdirSync, readFileSync } from 'node:fs';

const LOOK_MS = 50;

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
  private readonly copies = new Set<string>();
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
      const key = `${pid} ${commandLine} ${environment}`;
      // Between fork and exec a child is its parent's copy; one that stays so is seen at the next look.
      const isCopy = commandLine === read(parent, 'cmdline') && environment === read(parent, 'environ');
      if (isCopy && !this.copies.has(key)) this.copies.add(key);
      else this.seen.set(key, { pid, parent, commandLine, environment });
    }
  }
}

function parentsOfAll(): Map<number, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.map((pid) => {
      const stat = read(Number(pid), 'stat');
      return [Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)];
    }),
  );
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
