import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { LedgerError, LOG } from '#libs/contracts';
import type { ApiContext } from '../api-context.js';
import { type Principal, seesAgent } from '../auth/principal.js';
import { EventQueue } from './event-queue.js';
import { missedUpdates } from './missed-updates.js';
import { concernsCredential, requireStanding } from './standing.js';
import type { Update } from './update.js';

/** Milliseconds, jittered so that clients of a restarted server do not come back all at once. */
const RETRY_MS = 500;
const CURSOR = new RegExp(`^${LOG}:(\\d{1,15})$`);
/** How long a cursor may be ahead of this instance: another one was a moment faster. Milliseconds. */
const AHEAD_MS = 1_000;
const AHEAD_POLL_MS = 20;
/** Updates that are told without waiting for the reader; the largest ones together are a part of what may wait for it. */
const MOST_AT_ONCE = 50;

/** One open SSE response. */
export class UpdateStream {
  private heartbeat: NodeJS.Timeout | null = null;
  private unsubscribe: () => void = () => undefined;
  private readonly queue: EventQueue;
  private closed = false;
  /** Everything up to here was told or is none of this stream's business. */
  private told = 0;

  constructor(
    private readonly context: Pick<ApiContext, 'commands' | 'config' | 'updates' | 'apiKeys' | 'logger'>,
    private readonly principal: Principal,
    private readonly response: ServerResponse,
  ) {
    this.queue = new EventQueue(response);
  }

  async open(lastEventId: string | undefined): Promise<void> {
    const { response } = this;
    // Closed while its credential was checked: nobody would ever hear of the close again.
    if (response.destroyed) return;
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.on('close', () => this.close());
    this.context.updates.stopping.addEventListener('abort', this.end);
    if (this.context.updates.stopping.aborted) return this.end();
    this.queue.put(`retry: ${Math.round(RETRY_MS * (1 + Math.random()))}\n\n`);
    try {
      await this.resume(lastEventId);
    } catch (error) {
      // The client resumes from the last event that it has.
      this.context.logger.warn({ err: error }, 'an update stream could not resume and is closed');
      this.end();
    }
    if (this.closed) return;
    this.heartbeat = setInterval(() => this.beat(), this.context.config.updatesHeartbeat * 1000);
    // The first one says that the client is up to date.
    await this.queue.drained();
    if (!this.closed) this.beat();
  }

  close(): void {
    this.closed = true;
    this.unsubscribe();
    this.context.updates.stopping.removeEventListener('abort', this.end);
    if (this.heartbeat) clearInterval(this.heartbeat);
  }

  /** Tells what was missed, as fast as the client reads, and goes on live without a hole. */
  private async resume(lastEventId: string | undefined): Promise<void> {
    const { updates } = this.context;
    this.told = await this.cursorOf(lastEventId);
    while (!this.closed) {
      const kept = updates.keptAfter(this.told);
      if (kept !== null && kept.length <= MOST_AT_ONCE) {
        this.unsubscribe = updates.subscribe((update) => this.tell(update));
        for (const update of kept) this.tell(update);
        return;
      }
      const page = kept
        ? { updates: kept, through: updates.last }
        : await missedUpdates(updates.log, this.principal.agents, this.told);
      for (const update of page.updates) {
        this.tell(update);
        await this.queue.drained();
      }
      this.told = Math.max(this.told, page.through);
    }
  }

  /** Where to go on. A cursor of another log, or of no event yet, begins afresh with a `reset`. */
  private async cursorOf(lastEventId: string | undefined): Promise<number> {
    const { updates } = this.context;
    if (!lastEventId) return updates.last;
    const after = positionOf(lastEventId);
    const deadline = performance.now() + AHEAD_MS;
    while (after !== null && after > updates.last && performance.now() < deadline && !this.closed) {
      updates.wake();
      await pause(AHEAD_POLL_MS);
    }
    if (after !== null && after <= updates.last) return after;
    this.write({ event: 'reset', data: '{}' });
    return updates.last;
  }

  private tell({ position, agentId, event }: Update): void {
    // Read from the database already, where this instance was a moment behind it.
    if (this.closed || position <= this.told) return;
    this.told = position;
    const visible = agentId === null ? this.principal.agents === null : seesAgent(this.principal, agentId);
    if (visible) this.write({ id: position, data: JSON.stringify(event) });
    if (concernsCredential(this.principal, event)) void this.endWhenRefused();
  }

  /** Carries an id, so that a quiet agent's cursor moves too. Where events still wait, theirs move it. */
  private beat(): void {
    this.told = Math.max(this.told, this.context.updates.last);
    if (this.queue.isEmpty) this.write({ id: this.told, event: 'heartbeat', data: '' });
    void this.endWhenRefused();
  }

  private write({ id, event, data }: { id?: number; event?: string; data: string }): void {
    const lines = [id === undefined ? null : `id: ${LOG}:${id}`, event && `event: ${event}`, `data: ${data}`];
    this.queue.put(`${lines.filter(Boolean).join('\n')}\n\n`);
  }

  /** Says why and ends, where the credential is no longer accepted. The kill switch only makes it wait. */
  private async endWhenRefused(): Promise<void> {
    try {
      await requireStanding(this.context, this.principal);
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code === 'KILL_SWITCH_ACTIVE') return;
      this.write({ event: 'end', data: JSON.stringify({ code: error.code }) });
      this.end();
    }
  }

  private readonly end = (): void => {
    this.close();
    this.queue.end();
  };
}

/** The position in an event id of this log; null for any other text. */
function positionOf(eventId: string): number | null {
  const position = CURSOR.exec(eventId)?.[1];
  return position === undefined ? null : Number(position);
}
