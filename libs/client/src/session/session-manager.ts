import type { CloudEvent, NatsAccessView } from '#libs/contracts';
import { FileLock, removeLeftovers } from '#libs/token-file';
import type { HolderIdentity } from '../holder/holder-identity.js';
import type { Log } from '../log.js';
import type { UpdatesState } from '../updates/updates-state.js';
import { DirectoryWatch } from './directory-watch.js';
import { HeldSession } from './held-session.js';
import { holdToken, type HeldToken } from './held-token.js';
import { hintOf } from './hint.js';
import type { LedgerApi } from './ledger-api.js';
import { Receipts } from './receipts.js';
import { TICK } from './schedule.js';
import type { ServerClock } from './server-clock.js';
import { SessionKeeper, type RenewalOutcome } from './session-keeper.js';
import { reportOf } from './session-report.js';
import type { SessionStatusReport } from './session-status.js';
import { StepQueue } from './step-queue.js';
import { TokenSources } from './token-sources.js';
import { TokenStore } from './token-store.js';

export interface SessionManagerOptions {
  api: LedgerApi;
  clock: ServerClock;
  /** Path of the token file. */
  tokenFile: string;
  /** A token from the environment; the file goes before it while the file's is usable. */
  environmentToken?: string | undefined;
  /** The holder of this installation, if it has one; asked each time, for setup may come later. */
  holder?: () => HolderIdentity | null;
  /** Told of an access to NATS that came with a hand-over. */
  natsOffered?: (access: NatsAccessView) => void;
  /** Told of each signed checkpoint of the log that comes with a receipt's answer. */
  checkpointSeen: (note: string) => void;
  /** How the agent's news come in. */
  updates: () => UpdatesState;
  log: Log;
}

/** What has changed: the session or its token, or only how its news come in. */
export type SessionChange = 'session' | 'updates';

/** `dispose()` waits this long for a renewal in flight. Milliseconds. */
const FAREWELL = 5_000;

/** Keeps one session's token usable: loads, renews, takes what others rotated, recovers. Nothing it does throws. */
export class SessionManager {
  readonly session: HeldSession;
  private readonly store: TokenStore;
  private readonly keeper: SessionKeeper;
  private readonly receipts: Receipts;
  private readonly queue: StepQueue;
  private readonly watch: DirectoryWatch;
  private readonly listeners = new Set<(change: SessionChange) => void>();
  private readonly environmentToken: HeldToken | null;
  private timer: NodeJS.Timeout | null = null;
  private disposed = false;
  private wasUsable = false;

  constructor(private readonly options: SessionManagerOptions) {
    const { api, clock, log, tokenFile } = options;
    const holder = options.holder ?? (() => null);
    this.environmentToken = options.environmentToken === undefined ? null : holdToken(options.environmentToken);
    if (options.environmentToken !== undefined && this.environmentToken === null) {
      log.warn('LEDGER_SESSION_TOKEN holds no usable token; it is ignored.');
    }
    this.queue = new StepQueue((error) => log.error(`A step failed: ${(error as Error).message}. Going on.`));
    const session = new HeldSession(clock);
    const store = new TokenStore(tokenFile, log);
    const receipts = new Receipts(api, holder, options.checkpointSeen);
    const natsOffered = options.natsOffered ?? (() => undefined);
    const { environmentToken } = this;
    const sources = new TokenSources({ api, store, session, holder, environmentToken, natsOffered, log });
    const lock = new FileLock(`${tokenFile}.lock`);
    const changed = (): void => this.announce();
    this.session = session;
    this.store = store;
    this.receipts = receipts;
    this.keeper = new SessionKeeper({ api, clock, session, store, sources, lock, receipts, holder, log, changed });
    this.watch = new DirectoryWatch(tokenFile, log, () => this.lookAtFile());
  }

  /** Loads a token and begins to keep it; asks the server in the background. */
  start(): void {
    removeLeftovers(this.options.tokenFile);
    this.store.changed();
    const candidates = [this.store.read(), this.environmentToken].filter((token) => token !== null);
    const first = candidates.find((token) => this.session.isUsable(token)) ?? candidates[0];
    if (first !== undefined) this.session.take(first, false);
    this.wasUsable = this.session.usable() !== null;
    this.watch.start();
    this.queue.add('recover', () => this.keeper.recover());
    this.schedule();
  }

  /**
   * The token, bare of nothing (`sl_sess_…`), while it is valid; else null. Never waits. A token that was just refused is still
   * given while its successor is being looked for: a session that goes on is at no moment without one.
   */
  getToken(): string | null {
    return this.session.inUse()?.token ?? null;
  }

  /** The token; where there is none, the file's if it was replaced, and what a search brings that is under way. */
  async nextToken(): Promise<string | null> {
    if (this.session.usable() === null && (this.session.searching || this.fileHasAnother())) {
      await this.queue.run(() => this.keeper.considerFile());
    }
    return this.getToken();
  }

  getState(): SessionStatusReport {
    return reportOf(this.session, this.options.clock, {
      holderId: this.options.holder?.()?.holderId ?? null,
      tokenFile: this.options.tokenFile,
      updates: this.options.updates(),
      tokenFileCurrent: !this.keeper.writePending && this.store.problem === null,
      renewNotBefore: this.keeper.times.renewNotBefore,
    });
  }

  /** Called with a change of anything that `getState()` shows beyond the passing of time. */
  onChange(listener: (change: SessionChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * A call with this token was answered 401. Gives another token to try once, or null when there is none.
   * Any number of calls that fail together cost one search.
   */
  async handleUnauthorized(refused: string): Promise<string | null> {
    await this.queue.run(async () => {
      const usable = this.session.usable()?.token ?? null;
      if (usable === null || usable === refused) await this.keeper.unauthorized(null);
    });
    const token = this.getToken();
    return token === refused ? null : token;
  }

  /** Tries to renew now, whatever the schedule says; the server still decides. */
  async renewNow(): Promise<RenewalOutcome> {
    return await this.queue.run(() => this.keeper.renew(true));
  }

  /** The ledger answered a call: what waits for it to come back need not wait longer. */
  serverAnswered(): void {
    const { session, keeper } = this;
    const waiting = keeper.times.recoverAt !== null && session.finality === null && session.usable() !== null;
    if (waiting) this.queue.addDue('recover', () => keeper.recover());
  }

  /** News of the agent from the update subscription. Only a hint: truth comes from the file and the hand-over. */
  hear(event: CloudEvent): void {
    const hint = hintOf(event, this.session.token, this.options.holder?.()?.holderId ?? null);
    if (hint === null) return;
    if (hint.kind === 'verify') this.queue.add('recover', () => this.keeper.recover());
    else this.queue.add(`catch-up ${hint.generation ?? ''}`, () => this.keeper.catchUp(hint.generation));
  }

  /** News come in another way than before, or no more. */
  updatesChanged(): void {
    for (const listener of this.listeners) listener('updates');
  }

  /** Asks for the hand-over, for what comes with it besides the token. */
  askHandOver(): void {
    this.queue.addDue('hand-over', () => this.keeper.catchUp());
  }

  /** The subscription is (again) open: the server is there, and without a resume news may have been missed. */
  reconnected(resumed: boolean): void {
    if (this.session.condition() !== 'active' || this.session.killSwitch) {
      this.queue.add('recover', () => this.keeper.recover());
    } else if (!resumed) {
      this.queue.add('catch-up', () => this.keeper.catchUp());
    }
  }

  /** Stops everything; waits up to 5 s for a renewal in flight, so that its token reaches the file. */
  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    this.watch.stop();
    if (this.timer !== null) clearTimeout(this.timer);
    await this.queue.close(FAREWELL);
    this.listeners.clear();
  }

  /** A call may come before the watch has told of the file. */
  private fileHasAnother(): boolean {
    const token = this.store.read();
    return token !== null && token.token !== this.session.token?.token && this.session.isUsable(token);
  }

  private lookAtFile(): void {
    if (this.store.changed()) this.queue.add('file', () => this.keeper.considerFile());
  }

  private announce(): void {
    this.wasUsable = this.session.usable() !== null;
    for (const listener of this.listeners) listener('session');
    this.schedule();
  }

  /** The heart: what is due by the wall clock, the monotonic clock and the file. */
  private tick(): void {
    const { session, keeper, queue } = this;
    const now = performance.now();
    if (this.options.clock.jumped()) {
      this.options.log.info('This machine slept, or its clock was set: asking the server where the session stands.');
      session.confirmed = false;
      queue.add('recover', () => keeper.recover());
    }
    this.lookAtFile();
    if (this.wasUsable && session.usable() === null) {
      this.announce();
      queue.add('recover', () => keeper.recover());
    }
    this.receipts.flush();
    if (keeper.holderCame()) queue.addDue('holder', () => keeper.reconsider());
    if (keeper.writePending) queue.addDue('write', () => keeper.writeAgain());
    if (keeper.times.recoverAt !== null && now >= keeper.times.recoverAt)
      queue.addDue('recover', () => keeper.recover());
    if (this.renewalIn() <= 0) queue.addDue('renew', () => keeper.renew());
    this.schedule();
  }

  /** Milliseconds until the next renewal is due; Infinity when none is. */
  private renewalIn(): number {
    const { session, keeper } = this;
    if (session.renewAt === null || session.finality !== null || session.usable() === null) return Infinity;
    return Math.max(session.renewAt - this.options.clock.earliest(), keeper.times.renewNotBefore - performance.now());
  }

  private schedule(): void {
    if (this.disposed) return;
    if (this.timer !== null) clearTimeout(this.timer);
    const token = this.session.usable();
    const waits = [
      TICK,
      this.renewalIn(),
      this.keeper.times.recoverAt === null ? Infinity : this.keeper.times.recoverAt - performance.now(),
      token === null ? Infinity : token.exp * 1000 - this.options.clock.earliest(),
    ];
    // Never longer than a tick: a laptop that slept notices, and no timer overflows 2^31−1 ms.
    this.timer = setTimeout(() => this.tick(), Math.max(20, Math.min(...waits)));
  }
}
