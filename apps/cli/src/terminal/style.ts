const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;

export type Paint = keyof typeof CODES;

/** Paints text; plain where the output is no terminal or colours are not wanted. */
export class Style {
  constructor(readonly enabled: boolean) {}

  paint(text: string, ...paints: Paint[]): string {
    if (!this.enabled || paints.length === 0) return text;
    return `\u001b[${paints.map((paint) => CODES[paint]).join(';')}m${text}\u001b[0m`;
  }

  bold(text: string): string {
    return this.paint(text, 'bold');
  }

  dim(text: string): string {
    return this.paint(text, 'dim');
  }
}

const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

export function withoutPaint(text: string): string {
  return text.replace(ANSI, '');
}
