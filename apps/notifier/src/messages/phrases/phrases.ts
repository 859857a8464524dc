export interface Saying {
  title: string;
  /** What happened or will happen, and why: one or two sentences. */
  body: string;
}

/** Everything that a message says in words, in one language. Moments and lengths of time come in written out. */
export interface Phrases {
  labels: {
    agent: string;
    session: string;
    notification: string;
    when: string;
    ends: string;
    renewalsLeft: string;
    tokenEnds: string;
    channel: string;
  };
  unlimited: string;
  /** Stands above the command that helps. */
  whatHelps: string;
  /** Stands before a message that may have arrived already. */
  possibleRepeat: string;
  rejectRenewal: string;
  /** As they stand right after the number. */
  units: { days: string; hours: string; minutes: string; seconds: string };
  endsAt: (moment: string) => string;
  expiringSoon: (alert: {
    agent: string;
    isReminder: boolean;
    ends: string;
    left: string;
    /** The causes that held; a null one did not. */
    causes: { renewalsLeft: number | null; timeLeft: string | null };
  }) => Saying;
  backAgain: (alert: { agent: string }) => Saying;
  renewalOverdue: (alert: { agent: string }) => Saying;
  renewed: (alert: { agent: string; rejectUntil: string }) => Saying;
  revoked: (alert: { agent: string; trigger: string; reason: string | null }) => Saying;
  expired: (alert: { agent: string; atTheEndOfItsLife: boolean }) => Saying;
  tokenReuse: (alert: { agent: string; address: string; generation: string }) => Saying;
  unprovenRenewal: (alert: { agent: string; address: string }) => Saying;
  killSwitch: (alert: { sessionsRevoked: boolean; reason: string | null }) => Saying;
  channelTest: (alert: { name: string }) => Saying;
  channelCanary: () => Saying;
  /** `reason` is English: it is what the far side or the operating system said. */
  channelTrouble: (alert: { name: string; reason: string }) => Saying;
  /** Alerts that were read after their deadline. */
  alertsMissed: (alert: { count: string; critical: string }) => Saying;
  /** A witness of the log. */
  logCheckpoint: (alert: { events: string }) => Saying;
  /** An event that has no words of its own. */
  recorded: (alert: { type: string; agent: string }) => Saying;
  digest: {
    title: (count: number) => string;
    /** What each event is called in a count. */
    names: Readonly<Record<string, string>>;
  };
}
