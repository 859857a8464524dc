import { Failure } from './failure.js';
import { parseSpan } from '#libs/contracts';

/** Seconds of a span like `7d`. */
export function spanOption(option: string, text: string): number {
  const seconds = parseSpan(text);
  if (seconds === null || !Number.isSafeInteger(seconds)) {
    throw new Failure(`${option}: "${text}" is no length of time`, 'Write seconds, or 15m, 12h, 7d, 2w.', 'bad_option');
  }
  return seconds;
}

/** A number of renewals; null for `unlimited`. */
export function renewalsOption(text: string): number | null {
  if (text === 'unlimited') return null;
  return countOption('--max-renewals', text, 'Write a number from 0 to 100, or "unlimited".');
}

export function countOption(option: string, text: string, remedy = 'Write a whole number.'): number {
  if (!/^\d{1,9}$/.test(text)) throw new Failure(`${option}: "${text}" is no number`, remedy, 'bad_option');
  return Number(text);
}

/** Parts between commas. */
export function listOption(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `key=value` pairs. */
export function labelsOption(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new Failure(`--label: "${pair}" has no value`, 'Write --label key=value.', 'bad_option');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** A moment: RFC 3339, or a span ago like `2h`. */
export function momentOption(option: string, text: string, now = new Date()): Date {
  const span = parseSpan(text);
  const at = span === null ? new Date(text) : new Date(now.getTime() - span * 1000);
  if (Number.isNaN(at.getTime())) {
    const remedy = 'Write a time like 2026-11-21T10:00:00Z, or how long ago: 30m, 2h, 7d.';
    throw new Failure(`${option}: "${text}" is no time`, remedy, 'bad_option');
  }
  return at;
}
