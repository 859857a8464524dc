/** Renewals left at or below which the owner is warned. */
export const EXPIRING_RENEWALS_THRESHOLD = 3;
/** Seconds before the end at or below which the owner is warned. */
export const EXPIRING_SECONDS_THRESHOLD = 86_400;

export interface ExpiryThresholds {
  remainingRenewals: number;
  seconds: number;
}

const DEFAULT_THRESHOLDS: ExpiryThresholds = {
  remainingRenewals: EXPIRING_RENEWALS_THRESHOLD,
  seconds: EXPIRING_SECONDS_THRESHOLD,
};

/**
 * Whether the owner must be warned that a session is about to die: few renewals left, or little time left.
 *
 * @param remainingRenewals renewals left; `Infinity` when unlimited
 * @param endsAt when the session really dies (see `endsAt()`), epoch seconds; not the bare absolute end
 * @param nowEpochSeconds now, epoch seconds
 */
export function shouldNotifyExpiringSession(
  remainingRenewals: number,
  endsAt: number,
  nowEpochSeconds: number,
  thresholds: ExpiryThresholds = DEFAULT_THRESHOLDS,
): boolean {
  return remainingRenewals <= thresholds.remainingRenewals || endsAt - nowEpochSeconds <= thresholds.seconds;
}
