/**
 * How the agent's news come in:
 * - `connected`: heartbeats come; what is known is up to date
 * - `resuming`: the stream is cut or not open yet, and goes on where it stopped once it is
 * - `stale`: no sign of it for 40 s; news come only by the token file and the first 401
 */
export type UpdatesState = 'connected' | 'resuming' | 'stale';

/** The server sends a heartbeat every 15 s: two may be lost, and ten seconds be spent on the way. Milliseconds. */
export const STALE_AFTER = 40_000;

/** Keeps the state from what is heard and lost. The one place that decides it. */
export class UpdatesWatch {
  private current: UpdatesState = 'resuming';
  private timer: NodeJS.Timeout | null = null;
  private signs = 0;

  /** `silent` is told each time that no sign came for so long, `changed` of each new state. */
  constructor(
    private readonly changed: () => void,
    private readonly silent: () => void,
    private readonly staleAfterMs = STALE_AFTER,
  ) {}

  get state(): UpdatesState {
    return this.current;
  }

  /** Waits for a sign from now on. */
  start(): void {
    this.stop();
    const since = ++this.signs;
    // What came while this process was busy is read first.
    const check = (): void => void setImmediate(() => this.silentSince(since));
    this.timer = setTimeout(check, this.staleAfterMs).unref();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Something was heard, perhaps of what was missed. */
  sign(): void {
    this.start();
    if (this.current === 'stale') this.become('resuming');
  }

  /** A heartbeat: what was missed has been told. */
  heartbeat(): void {
    this.start();
    this.become('connected');
  }

  /** The stream has ended. One that was silent before stays stale. */
  lost(): void {
    if (this.current === 'connected') this.become('resuming');
  }

  /** Connected in a way that notices its loss by itself: silence means nothing. */
  connectedElsewhere(): void {
    this.stop();
    this.become('connected');
  }

  private silentSince(since: number): void {
    if (this.timer === null || since !== this.signs) return;
    this.become('stale');
    this.silent();
  }

  private become(state: UpdatesState): void {
    if (state === this.current) return;
    this.current = state;
    this.changed();
  }
}
