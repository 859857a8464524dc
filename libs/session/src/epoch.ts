/** RFC 3339 UTC text of whole epoch seconds. */
export function toRfc3339(epochSeconds: number): string {
  return `${new Date(epochSeconds * 1000).toISOString().slice(0, -5)}Z`;
}

/** Whole epoch seconds of an RFC 3339 text. */
export function toEpochSeconds(rfc3339: string): number {
  return Math.floor(Date.parse(rfc3339) / 1000);
}
