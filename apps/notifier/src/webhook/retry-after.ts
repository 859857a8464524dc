/**
 * Seconds that a `Retry-After` header asks for: a number, or a date seen from `now` (epoch milliseconds). Undefined for
 * anything that is neither, or that lies in the past.
 */
export function retryAfterSeconds(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!text) return undefined;
  if (/^\d{1,15}(\.\d+)?$/.test(text)) return Math.ceil(Number(text));
  const seconds = Math.ceil((httpDate(text) - now) / 1000);
  return seconds > 0 ? seconds : undefined;
}

/** What its sender's clock said, by an answer's `Date` header; undefined when it has none. Epoch milliseconds. */
export function answeredAt(header: string | string[] | undefined): number | undefined {
  const at = httpDate(String(header));
  return Number.isNaN(at) ? undefined : at;
}

/** NaN for anything else. */
function httpDate(text: string): number {
  return /^[A-Za-z]{3},? /.test(text) ? Date.parse(text) : NaN;
}
