const WIDTH = 660;
const ROW = 26;
const LEFT = 190;
const RIGHT = 100;
const OURS = '#0b6e4f';
const OTHERS = '#9aa5b1';

/** Bars of one unit, to one scale. */
export interface BarGroup {
  title: string;
  unit: string;
  bars: { name: string; value: number; isOurs: boolean }[];
}

export function plotSvg(groups: readonly BarGroup[]): string {
  let y = 10;
  const parts: string[] = [];
  for (const { title, unit, bars } of groups) {
    const most = Math.max(...bars.map(({ value }) => value));
    parts.push(text(10, y + 16, title, 'font-weight="bold"'));
    y += ROW;
    for (const { name, value, isOurs } of bars) {
      const width = Math.max(1, ((WIDTH - LEFT - RIGHT) * value) / most);
      parts.push(text(LEFT - 8, y + 16, name, 'text-anchor="end"'));
      parts.push(
        `<rect x="${LEFT}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 8}" fill="${isOurs ? OURS : OTHERS}"/>`,
      );
      parts.push(text(LEFT + width + 6, y + 16, `${shown(value)} ${unit}`));
      y += ROW;
    }
    y += 10;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n${parts.join('\n')}\n</svg>\n`;
}

function shown(value: number): string {
  return value < 100 ? value.toFixed(1) : String(Math.round(value));
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${content}</text>`;
}
