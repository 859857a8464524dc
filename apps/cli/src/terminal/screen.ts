import { Style } from './style.js';
import type { Terminal } from './terminal.js';
import { type Progress, ProgressLine } from './progress.js';

export type OutputFormat = 'text' | 'json';

/** What a command says, in the form that was asked for. Results go to stdout, everything else to stderr. */
export class Screen {
  /** For stdout. */
  readonly style: Style;
  readonly errorStyle: Style;
  private readonly progress: ProgressLine;

  constructor(
    readonly terminal: Terminal,
    readonly format: OutputFormat,
  ) {
    const { stdout, stderr, environment } = terminal;
    this.style = new Style(stdout.isTTY === true && !environment.noColor);
    this.progress = new ProgressLine(stderr);
    this.errorStyle = new Style(stderr.isTTY === true && !environment.noColor);
  }

  get json(): boolean {
    return this.format === 'json';
  }

  /** The answer of a command, once: `value` as JSON, or `text` for people. */
  result(value: unknown, text: () => string): void {
    this.line(this.json ? JSON.stringify(value, null, 2) : text());
  }

  /** One line (or block) of a running answer. */
  line(text: string): void {
    this.progress.clear();
    this.terminal.stdout.write(`${text}\n`);
  }

  /** Remarks for people; silent where a program reads. */
  note(text: string): void {
    if (this.json) return;
    this.progress.clear();
    this.terminal.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.progress.clear();
    this.terminal.stderr.write(`${this.errorStyle.paint('warning:', 'yellow')} ${text}\n`);
  }

  /** Work that may take longer than a second; the progress line says `label` then. */
  during<T>(label: string, work: (progress: Progress) => Promise<T>): Promise<T> {
    return this.progress.during(label, work);
  }

  /** For commands that go on until they are stopped: no progress line any more. */
  endProgress(): void {
    this.progress.end();
  }
}
