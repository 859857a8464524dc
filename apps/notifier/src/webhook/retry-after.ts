/**
 * Seconds that a `Retry-After` header asks for: a number, or a date seen from `now` (epoch milliseconds). Undefined for
 * anything that is neither, or that lies in the past.
 */
export function retryAfterSeconds(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!text) return undefined;
  if (/^\d{1,15}(\.\d+)?$/.test(text)) return Math.ceil(Number(text));
  if (!/^[A-Za-z]{3},? /.test(text)) return undefined;
  const seconds = Math.ceil((Date.parse(text) - now) / 1000);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
