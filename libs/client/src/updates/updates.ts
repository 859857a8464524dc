import type { Log } from '../log.js';
import type { NatsAccess } from './nats-access.js';
import { NatsUpdates } from './nats-updates.js';
import { SseUpdates, type SseUpdatesOptions } from './sse-updates.js';
import { type UpdatesState, UpdatesWatch } from './updates-state.js';

export interface UpdatesOptions extends SseUpdatesOptions {
  natsAccess: () => NatsAccess | null;
  agentId: () => string | null;
  /** Asks the server for a newer access to NATS; it comes with `offered()`. */
  renewAccess: () => void;
  /** The state has changed. */
  changed: () => void;
  /** Default 40,000. */
  staleAfterMs?: number | undefined;
  log: Log;
}

/** How often NATS is tried again where the first connection failed. Milliseconds. */
const NATS_RETRY = 30_000;

/** The agent's updates: over NATS where this machine may listen there, and over SSE whenever that does not stand. */
export class Updates {
  private readonly sse: SseUpdates;
  private readonly watch: UpdatesWatch;
  private nats: NatsUpdates | null = null;
  private opening: Promise<void> | null = null;
  private agentId: string | null = null;
  private triedAt = -Infinity;
  private stopped = false;

  constructor(private readonly options: UpdatesOptions) {
    // Where the stream cannot be had, the hand-over may bring another way to hear of news.
    const failed = (): void => {
      if (options.natsAccess() === null) options.renewAccess();
    };
    this.watch = new UpdatesWatch(options.changed, () => this.sse.giveUp(), options.staleAfterMs);
    this.sse = new SseUpdates({ ...options, failed }, this.watch);
  }

  get state(): UpdatesState {
    return this.watch.state;
  }

  start(): void {
    this.watch.start();
    this.sse.start();
    this.nudge();
  }

  /** There may be a new credential, agent or server. */
  nudge(): void {
    if (this.stopped) return;
    this.sse.nudge();
    const agentId = this.options.agentId();
    const due = agentId !== this.agentId || (this.nats === null && performance.now() - this.triedAt > NATS_RETRY);
    if (agentId !== null && due && this.opening === null) {
      this.opening = this.openNats(agentId).finally(() => (this.opening = null));
    }
  }

  /** There is another access to NATS. */
  offered(): void {
    this.nats?.watchAccess();
    this.triedAt = -Infinity;
    this.nudge();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.opening;
    await Promise.all([this.sse.stop(), this.nats?.close()]);
    this.watch.stop();
  }

  private async openNats(agentId: string): Promise<void> {
    this.triedAt = performance.now();
    this.agentId = agentId;
    await this.nats?.close();
    this.nats = null;
    const access = this.options.natsAccess();
    if (access === null) return;
    const { listener, log, natsAccess, renewAccess } = this.options;
    const current = (): NatsAccess => natsAccess() ?? access;
    const connection = (up: boolean): void => this.viaNats(up && !this.stopped);
    try {
      const ended = (): void => void (this.nats = null);
      this.nats = await NatsUpdates.open({ access: current, renewAccess, agentId, listener, connection, ended, log });
      log.info('Updates come over NATS.');
      this.viaNats(true);
      listener.opened(false);
    } catch (error) {
      log.info(`NATS cannot be used (${(error as Error).message}); the updates come over SSE.`);
    }
  }

  /** NATS notices the loss of its connection by pings of its own; SSE stands in for it meanwhile. */
  private viaNats(up: boolean): void {
    if (up) this.watch.connectedElsewhere();
    else this.watch.lost();
    if (!up && !this.stopped) this.watch.start();
    this.sse.setIdle(up);
  }
}
