const WIDTH = 30;

/** One line for the terminal: bar, share, rate, time left. */
export function progressLine(
  title: string,
  { position, total }: { position: number; total: number },
  elapsedMs: number,
): string {
  const share = total === 0 ? 1 : Math.min(position / total, 1);
  const filled = Math.round(share * WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
  const rate = elapsedMs > 0 ? Math.round((position * 1000) / elapsedMs) : 0;
  const left = rate > 0 ? `${Math.ceil((total - position) / rate)} s left` : '';
  return `${title} ${bar} ${(share * 100).toFixed(0)} % · ${position} of ${total} · ${rate}/s ${left}`.trimEnd();
}
