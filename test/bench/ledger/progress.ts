const WIDTH = 24;
const STEPS = 4;

/** How far a benchmark is: one line that is written over on a terminal, a line for each quarter elsewhere. */
export class Progress {
  private shown = '';

  constructor(private readonly out: NodeJS.WriteStream = process.stdout) {}

  /** A line that stays. */
  say(line: string): void {
    this.clear();
    this.out.write(`${line}\n`);
  }

  /** `done` of `total` of what `title` names. */
  at(title: string, done: number, total: number, detail = ''): void {
    const share = Math.min(1, done / total);
    if (this.out.isTTY) {
      const full = Math.round(share * WIDTH);
      const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
      this.show(`  ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${title}${detail && ` · ${detail}`}`);
    } else {
      const step = `  ${title}: ${(Math.floor(share * STEPS) * 100) / STEPS} %`;
      if (step !== this.shown) this.out.write(`${(this.shown = step)}\n`);
    }
  }

  private show(line: string): void {
    const text = line.slice(0, (this.out.columns || 80) - 1);
    this.out.write(`\r${text}${' '.repeat(Math.max(0, this.shown.length - text.length))}`);
    this.shown = text;
  }

  private clear(): void {
    if (this.out.isTTY && this.shown !== '') this.out.write(`\r${' '.repeat(this.shown.length)}\r`);
    this.shown = '';
  }
}
