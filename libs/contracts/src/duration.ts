const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** A length of time in at most two units, e.g. `6 d 23 h`, `4 m 10 s`, `0 s`. */
export function duration(seconds: number): string {
  let left = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [name, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0 || (name === 's' && parts.length === 0)) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    left -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** `in 3 h`, or `3 h ago`. */
export function relative(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  return seconds >= 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`;
}

/** RFC 3339 UTC without fractions, as everywhere in the product. */
export function utc(at: string | Date): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

const SPAN = /^(\d+)\s*(s|m|h|d|w)?$/;
const SPAN_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `90`, `90s`, `15m`, `12h`, `7d`, `2w`; null for anything else. */
export function parseSpan(text: string): number | null {
  const [, count, unit] = SPAN.exec(text.trim()) ?? [];
  return count === undefined ? null : Number(count) * (SPAN_SECONDS[unit ?? 's'] ?? 1);
}
