/** Moments between which a crash must lose and repeat nothing; tests stop the process at them. */
export type ProbePoint =
  /** Events were received, nothing is written. */
  | 'received'
  /** Notification and deliveries are committed, the events are not acked. */
  | 'recorded'
  /** The attempt is on record, nothing was sent. */
  | 'attempt_recorded'
  /** The far side accepted, its outcome is not on record. */
  | 'accepted'
  /** The outcome is on record. */
  | 'outcome_recorded';

/** Called at each point; the default does nothing. */
export type Probe = (point: ProbePoint) => void | Promise<void>;
