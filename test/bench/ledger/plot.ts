import type { LadderResult } from './ladder.js';

const WIDTH = 660;
const ROW = 26;
const LEFT = 170;
const RIGHT = 90;
const NAMES: Record<string, string> = {
  L0: 'one insert (L0)',
  'L0 again': 'one insert, again',
  L1: 'same rows, no logic (L1)',
  ours: 'ledger append',
  emmett: 'emmett-postgresql',
};

/** Bars of the rungs, one group for each way of flushing. */
export function plotSvg(groups: { title: string; result: LadderResult }[]): string {
  const most = Math.max(...groups.flatMap(({ result }) => Object.values(result.rates)));
  let y = 10;
  const parts: string[] = [];
  for (const { title, result } of groups) {
    parts.push(text(10, y + 16, title, 'font-weight="bold"'));
    y += ROW;
    for (const [name, rate] of Object.entries(result.rates)) {
      const width = Math.max(1, ((WIDTH - LEFT - RIGHT) * rate) / most);
      const fill = name === 'ours' ? '#0b6e4f' : '#9aa5b1';
      parts.push(text(LEFT - 8, y + 16, NAMES[name] ?? name, 'text-anchor="end"'));
      parts.push(`<rect x="${LEFT}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 8}" fill="${fill}"/>`);
      parts.push(text(LEFT + width + 6, y + 16, `${Math.round(rate)}/s`));
      y += ROW;
    }
    y += 10;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n${parts.join('\n')}\n</svg>\n`;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${content}</text>`;
}
