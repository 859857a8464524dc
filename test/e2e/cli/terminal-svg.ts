/** Colours of a dark terminal, by SGR code. */
const COLOURS: Readonly<Record<string, string>> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  36: '#76e3ea',
};
const FOREGROUND = '#e6edf3';
const DIM = '#8b949e';
const CELL = { width: 8.4, height: 18 };
const MARGIN = 16;
const SGR = new RegExp(`${String.fromCharCode(27)}\\[([0-9;]*)m`);

/** A picture of what a terminal shows: text with colours, one line after the other. */
export function terminalSvg(screen: string, title: string): string {
  const lines = screen.split('\n');
  const columns = Math.max(...lines.map((line) => line.replaceAll(new RegExp(SGR, 'g'), '').length));
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN);
  const height = lines.length * CELL.height + 2 * MARGIN;
  const rows = lines.map((line, row) => textOf(line, MARGIN + (row + 0.75) * CELL.height));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="${FOREGROUND}">`,
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function textOf(line: string, y: number): string {
  let style = '';
  let column = 0;
  const spans: string[] = [];
  for (const [index, part] of line.split(SGR).entries()) {
    if (index % 2 === 1) {
      style = styleOf(part);
    } else if (part !== '') {
      const x = (MARGIN + column * CELL.width).toFixed(1);
      const length = (part.length * CELL.width).toFixed(1);
      spans.push(
        `<tspan x="${x}" textLength="${length}" lengthAdjust="spacingAndGlyphs"${style}>${inCells(part)}</tspan>`,
      );
      column += part.length;
    }
  }
  return `<text y="${y.toFixed(1)}">${spans.join('')}</text>`;
}

function styleOf(codes: string): string {
  return codes
    .split(';')
    .map((code) => {
      if (code === '1') return ' font-weight="bold"';
      if (code === '2') return ` fill="${DIM}"`;
      return COLOURS[code] === undefined ? '' : ` fill="${COLOURS[code]}"`;
    })
    .join('');
}

/** Browsers fold ordinary spaces into one, whatever `xml:space` says. */
function inCells(text: string): string {
  return escape(text).replaceAll(' ', '\u00a0');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
