/** Where a page ends, as an opaque text. */
export interface AuditCursor {
  direction: 'older' | 'newer';
  /** RFC 3339 with microseconds. */
  time: string;
  position: number;
}

const SHAPE = /^(older|newer)\|(\d{4}-\d\d-\d\dT[\d:.]+Z)\|([1-9]\d{0,15})$/;

export function encodeCursor({ direction, time, position }: AuditCursor): string {
  return Buffer.from(`${direction}|${time}|${position}`).toString('base64url');
}

/** Throws a RangeError when the text is no cursor of ours. */
export function decodeCursor(text: string): AuditCursor {
  const [, direction, time, position] = SHAPE.exec(Buffer.from(text, 'base64url').toString('utf8')) ?? [];
  if (time === undefined || Number.isNaN(Date.parse(time))) throw new RangeError('not a cursor of this list');
  return { direction: direction as AuditCursor['direction'], time, position: Number(position) };
}
