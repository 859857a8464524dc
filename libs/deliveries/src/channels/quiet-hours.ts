import type { QuietHours } from '#libs/contracts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

/**
 * When the quiet hours that hold now are over; null when none hold. On a night in which the clocks change the end is by the
 * clock on the wall.
 *
 * @param now epoch milliseconds, as the result
 */
export function quietUntil({ from, to, timeZone }: QuietHours, now: number): number | null {
  const since = minutesBetween(minutesOf(from), wallClock(timeZone, now));
  const length = minutesBetween(minutesOf(from), minutesOf(to));
  if (since >= length) return null;
  const guess = Math.floor(now / MINUTE_MS) * MINUTE_MS + (length - since) * MINUTE_MS;
  const off = minutesBetween(wallClock(timeZone, guess), minutesOf(to));
  return guess + (off > DAY_MINUTES / 2 ? off - DAY_MINUTES : off) * MINUTE_MS;
}

function minutesOf(timeOfDay: string): number {
  const [hours, minutes] = timeOfDay.split(':').map(Number);
  return hours! * 60 + minutes!;
}

/** Minutes from one time of day to the next such other. */
function minutesBetween(from: number, to: number): number {
  return (to - from + DAY_MINUTES) % DAY_MINUTES;
}

/** Minutes since midnight on the clocks of that zone. */
function wallClock(timeZone: string, now: number): number {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return minutesOf(format.format(now));
}
