import { describe, expect, it } from '@jest/globals';
import { EXPORT_FORMATS } from './export-format.js';

const event = {
  specversion: '1.0' as const,
  id: 'e1',
  source: 'http://ledger',
  type: 'ledger.session.revoked.v1',
  subject: 's1',
  time: '2026-11-21T00:00:00.000000Z',
  datacontenttype: 'application/json' as const,
  data: { reason: 'said "stop",\nand left' },
  position: 7,
  streamversion: 2,
  actor: '=HYPERLINK("http://evil")',
  requestid: 'r1',
  leaf: 'ab',
};

describe('the export', () => {
  it('writes one JSON document a line', () => {
    const line = EXPORT_FORMATS.ndjson.line(event);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual(event);
  });

  it('quotes CSV cells and disarms formulas', () => {
    const line = EXPORT_FORMATS.csv.line(event);
    expect(line).toContain(`"'=HYPERLINK(""http://evil"")"`);
    expect(line).toContain(`"{""reason"":""said \\""stop\\"",\\nand left""}"`);
    expect(EXPORT_FORMATS.csv.header.split(',').length).toBe(10);
  });
});
