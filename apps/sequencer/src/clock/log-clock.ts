import { ClockWatch, type ClockStep, type Database } from '#libs/database';
import { pause } from '#libs/messaging';

const INTERVAL_MS = 1_000;

/** Watches the clock that the events are dated by. Their order never depends on it; who reads their times should know. */
export class LogClock {
  private readonly watch: ClockWatch;

  /** `onLook` is told once a second what step stands, and the step that was just seen. */
  constructor(
    database: Database,
    private readonly onLook: (standingMs: number, step: ClockStep | null) => void,
  ) {
    this.watch = new ClockWatch(database);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const step = await this.watch.look();
      this.onLook(this.watch.standingStepMs, step);
      await pause(INTERVAL_MS, signal);
    }
  }
}
