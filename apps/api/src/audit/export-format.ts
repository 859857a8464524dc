import type { CloudEvent } from '#libs/contracts';

const CSV_COLUMNS = [
  'position',
  'time',
  'type',
  'subject',
  'streamversion',
  'actor',
  'requestid',
  'id',
  'leaf',
] as const;
/** A spreadsheet takes a cell that begins so for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

export interface ExportFormat {
  contentType: string;
  header: string;
  line(event: CloudEvent): string;
}

export const EXPORT_FORMATS: Record<'ndjson' | 'csv', ExportFormat> = {
  ndjson: {
    contentType: 'application/x-ndjson',
    header: '',
    line: (event) => `${JSON.stringify(event)}\n`,
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    header: `${[...CSV_COLUMNS, 'data'].join(',')}\r\n`,
    line: (event) =>
      `${[...CSV_COLUMNS.map((name) => cell(String(event[name]))), cell(JSON.stringify(event.data))].join(',')}\r\n`,
  },
};

/** RFC 4180. */
function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
