import type { Phrases } from './phrases/phrases.js';

/** `2 d 3 h`, `23 h 41 min`, `5 min`, `40 s`: the two largest units. */
export function durationText(seconds: number, units: Phrases['units']): string {
  const total = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(total / 86_400), units.days],
    [Math.floor((total % 86_400) / 3600), units.hours],
    [Math.floor((total % 3600) / 60), units.minutes],
    [total % 60, units.seconds],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return `0${units.seconds}`;
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}

/** `2026-11-22 14:05 UTC`. */
export function momentText(rfc3339: string): string {
  return `${new Date(rfc3339).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
