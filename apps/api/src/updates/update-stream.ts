import { type ServerResponse } from 'node:http';
import { acceptForUse, readTokenAgain } from '#libs/commands';
import { LedgerError, LOG } from '#libs/contracts';
import { type ApiContext } from '../api-context.js';
import { type Principal, seesAgent } from '../auth/principal.js';
import { EventQueue } from './event-queue.js';
import { type Update } from './update-hub.js';

const HEARTBEAT_MS = 15_000;
/** Milliseconds, jittered so that clients of a restarted server do not come back all at once. */
const RETRY_MS = 500;
const CURSOR = new RegExp(`^${LOG}:(\\d{1,15})$`);

/** One open SSE response. */
export class UpdateStream {
  private heartbeat: NodeJS.Timeout | null = null;
  private unsubscribe: () => void = () => undefined;
  private readonly queue: EventQueue;

  constructor(
    private readonly context: Pick<ApiContext, 'commands' | 'updates'>,
    private readonly principal: Principal,
    private readonly response: ServerResponse,
  ) {
    this.queue = new EventQueue(response);
  }

  open(lastEventId: string | undefined): void {
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
    this.subscribe(lastEventId);
    this.beat();
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
  }

  close(): void {
    this.unsubscribe();
    this.context.updates.stopping.removeEventListener('abort', this.end);
    if (this.heartbeat) clearInterval(this.heartbeat);
  }

  private subscribe(lastEventId: string | undefined): void {
    const { updates } = this.context;
    const after = lastEventId ? positionOf(lastEventId) : updates.last;
    const listener = (update: Update) => this.tell(update);
    const resumed = after === null ? null : updates.subscribe(after, listener);
    if (!resumed) this.write({ event: 'reset', data: '{}' });
    const subscription = resumed ?? updates.subscribe(updates.last, listener);
    if (!subscription) return;
    this.unsubscribe = subscription.end;
    for (const update of subscription.missed) this.tell(update);
  }

  private tell({ position, agentId, event }: Update): void {
    const visible = agentId === null ? this.principal.agents === null : seesAgent(this.principal, agentId);
    if (!visible) return;
    this.write({ id: position, data: JSON.stringify(event) });
    if (event.subject === this.sessionId) void this.endWhenRefused();
  }

  private get sessionId(): string | null {
    return this.principal.kind === 'session' ? this.principal.authenticated.snapshot.head.sessionId : null;
  }

  /** Carries an id, so that a quiet agent's cursor moves too. Where events still wait, theirs move it. */
  private beat(): void {
    if (this.queue.isEmpty) this.write({ id: this.context.updates.last, event: 'heartbeat', data: '' });
    void this.endWhenRefused();
  }

  private write({ id, event, data }: { id?: number; event?: string; data: string }): void {
    const lines = [id === undefined ? null : `id: ${LOG}:${id}`, event && `event: ${event}`, `data: ${data}`];
    this.queue.put(`${lines.filter(Boolean).join('\n')}\n\n`);
  }

  /** The stream of a session token ends when the token is no longer accepted; a holder's stays. */
  private async endWhenRefused(): Promise<void> {
    if (this.principal.kind !== 'session' || this.principal.holder) return;
    try {
      acceptForUse(await readTokenAgain(this.context.commands, this.principal.authenticated));
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
