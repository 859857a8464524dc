import { Style } from './style.js';
import type { Terminal } from './terminal.js';
import { type Progress, withProgress } from './progress.js';

export type OutputFormat = 'text' | 'json';

/** What a command says, in the form that was asked for. Results go to stdout, everything else to stderr. */
export class Screen {
  /** For stdout. */
  readonly style: Style;
  readonly errorStyle: Style;

  constructor(
    readonly terminal: Terminal,
    readonly format: OutputFormat,
  ) {
    const { stdout, stderr, environment } = terminal;
    this.style = new Style(stdout.isTTY === true && !environment.noColor);
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
    this.terminal.stdout.write(`${text}\n`);
  }

  /** Remarks for people; silent where a program reads. */
  note(text: string): void {
    if (!this.json) this.terminal.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.terminal.stderr.write(`${this.errorStyle.paint('warning:', 'yellow')} ${text}\n`);
  }

  during<T>(label: string, work: (progress: Progress) => Promise<T>): Promise<T> {
    return withProgress(this.terminal, label, work);
  }
}
