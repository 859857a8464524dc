import { widthOf } from './printable.js';
import { withoutPaint } from './style.js';

const GAP = '  ';

function visibleWidth(cell: string): number {
  return widthOf(withoutPaint(cell));
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - visibleWidth(cell)));
}

/** Rows in aligned columns; painted cells count by what is seen. */
export function columns(rows: readonly (readonly string[])[], indent = ''): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, visibleWidth(cell))));
  }
  return rows
    .map(
      (row) =>
        indent +
        row
          .map((cell, column) => pad(cell, widths[column] ?? 0))
          .join(GAP)
          .trimEnd(),
    )
    .join('\n');
}

/** A table with a header line. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return columns([header, ...rows]);
}

/** `label  value` lines. */
export function facts(pairs: readonly (readonly [label: string, value: string])[], indent = ''): string {
  return columns(pairs, indent);
}
