import { duration } from '#libs/contracts';
import type { Terminal } from './terminal.js';

const SHOW_AFTER_MS = 1000;
const REDRAW_MS = 100;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\u001b[2K';

/** Told how far a long piece of work is. */
export interface Progress {
  /** `total` null: how much there is to do is not known. */
  at(done: number, total: number | null): void;
}

/** One line of eighths: `███▌    ` */
export function bar(share: number, width = BAR_WIDTH): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = '█'.repeat(Math.floor(eighths / 8));
  const rest = eighths % 8 === 0 ? '' : (' ▏▎▍▌▋▊▉'[eighths % 8] ?? '');
  return (full + rest).padEnd(width);
}

interface Piece {
  label: string;
  startedAt: number;
  done: number;
  total: number | null;
}

/** The moving line of one run on a terminal's stderr; where stderr is no terminal nothing is ever written. */
export class ProgressLine {
  /** Pieces of work within one another; the innermost is shown. */
  private readonly pieces: Piece[] = [];
  private timer: NodeJS.Timeout | undefined;
  private silent: boolean;
  private drawn = false;
  private frame = 0;

  constructor(private readonly stderr: Terminal['stderr']) {
    this.silent = stderr.isTTY !== true;
  }

  /** Runs `work`; when it takes longer than a second, the line moves until it ends. */
  async during<T>(label: string, work: (progress: Progress) => Promise<T>): Promise<T> {
    const piece: Piece = { label, startedAt: performance.now(), done: 0, total: null };
    this.pieces.push(piece);
    this.timer ??= this.silent ? undefined : setInterval(() => this.draw(), REDRAW_MS);
    try {
      return await work({ at: (done, total) => Object.assign(piece, { done, total }) });
    } finally {
      this.pieces.splice(this.pieces.indexOf(piece), 1);
      this.clear();
      if (this.pieces.length === 0) this.stop();
    }
  }

  /** Makes room for what is about to be printed. */
  clear(): void {
    if (this.drawn) this.stderr.write(CLEAR_LINE);
    this.drawn = false;
  }

  /** From now on the screen belongs to somebody else: a live view, another app. */
  end(): void {
    this.silent = true;
    this.clear();
    this.stop();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private draw(): void {
    const piece = this.pieces.at(-1);
    if (piece === undefined) return;
    const elapsed = performance.now() - piece.startedAt;
    if (elapsed < SHOW_AFTER_MS) return;
    this.stderr.write(CLEAR_LINE + line(piece.label, piece, elapsed, this.frame++));
    this.drawn = true;
  }
}

function line(label: string, state: { done: number; total: number | null }, elapsed: number, frame: number): string {
  const { done, total } = state;
  if (total !== null && total > 0) {
    const share = done / total;
    const left = share > 0 ? `, ${duration((elapsed / 1000) * (1 / share - 1))} left` : '';
    return `${label} ▕${bar(share)}▏ ${Math.floor(share * 100)} %${left}`;
  }
  const count = done > 0 ? ` ${done.toLocaleString('en')}` : '';
  return `${FRAMES[frame % FRAMES.length]} ${label}${count} (${duration(elapsed / 1000)})`;
}
