import { ALERT_LEVELS, type AlertLevel } from '#libs/contracts';

/** Levels as they are stored, so that "at least WARNING" is a comparison. */
export function levelNumber(level: AlertLevel): number {
  return ALERT_LEVELS.indexOf(level);
}

export function levelName(stored: number): AlertLevel {
  return ALERT_LEVELS[stored] ?? 'INFO';
}
