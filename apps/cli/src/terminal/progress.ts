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

/** Runs `work`; when it takes longer than a second, a line on a terminal's stderr moves until it ends. */
export async function withProgress<T>(
  terminal: Terminal,
  label: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  if (terminal.stderr.isTTY !== true) return work({ at: () => undefined });
  const startedAt = performance.now();
  let drawn = 0;
  let state: { done: number; total: number | null } = { done: 0, total: null };
  const timer = setInterval(() => {
    const elapsed = performance.now() - startedAt;
    if (elapsed < SHOW_AFTER_MS) return;
    terminal.stderr.write(CLEAR_LINE + line(label, state, elapsed, drawn++));
  }, REDRAW_MS);
  try {
    return await work({ at: (done, total) => (state = { done, total }) });
  } finally {
    clearInterval(timer);
    if (drawn > 0) terminal.stderr.write(CLEAR_LINE);
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
