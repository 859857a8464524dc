import type { Problem, SessionView } from '#libs/contracts';
import type { FileLock } from '#libs/token-file';
import type { HolderIdentity } from '../holder/holder-identity.js';
import type { Log } from '../log.js';
import { AttemptTimes } from './attempt-times.js';
import type { HeldSession, Trouble } from './held-session.js';
import type { HeldToken } from './held-token.js';
import type { LedgerApi } from './ledger-api.js';
import type { Receipts } from './receipts.js';
import { renewalStep, type RenewalStep } from './renew-session.js';
import type { ServerClock } from './server-clock.js';
import { deathOf, unreachable } from './trouble.js';
import type { Found, TokenSources } from './token-sources.js';
import type { TokenStore } from './token-store.js';

export interface SessionKeeperParts {
  api: LedgerApi;
  clock: ServerClock;
  session: HeldSession;
  store: TokenStore;
  sources: TokenSources;
  /** So that five siblings woken together send one request; the server's compare-and-swap decides. */
  lock: FileLock;
  receipts: Receipts;
  holder: () => HolderIdentity | null;
  log: Log;
  /** Something that a reader of the status would see has changed. */
  changed: () => void;
}

/** Where the session stands after the server was asked. */
export type Standing = 'current' | 'taken' | 'dead' | 'unreachable' | 'kill-switch' | 'behind';

/** What came of one attempt to renew. */
export type RenewalOutcome = RenewalStep['do'] | 'already-taken' | 'sibling-renews' | 'not-due' | Standing;

/** Every change of the held session, one step at a time; the manager decides when. */
export class SessionKeeper {
  /** The token in memory is not in the file yet. */
  writePending = false;
  readonly times = new AttemptTimes();
  /** A renewal was sent and its answer is not known. */
  private unsettled = false;
  private lastSearch = -Infinity;
  private toldKillSwitch = false;
  /** The holder as which a renewal was last refused for good; null: as none. */
  private refusedAs: string | null = null;

  constructor(private readonly parts: SessionKeeperParts) {}

  /** Asks the server about the held token, and looks for another where it is refused or gone. */
  async verify(): Promise<Standing> {
    const { session, api } = this.parts;
    // Also where it was refused before: the server may have been another one, or restored.
    const held = session.token;
    if (held === null || session.hasEnded(held)) return await this.replace(null);
    const answer = await api.whoami(held.token);
    if (answer.kind !== 'networkError') session.killSwitch = answer.kind === 'killSwitch';
    switch (answer.kind) {
      case 'ok':
        if (answer.data.generation > held.gen) return (await this.catchUp(answer.data.generation)) ?? 'behind';
        session.confirm(answer.data);
        this.toldKillSwitch = false;
        this.parts.receipts.acknowledge({ sessionId: held.sid, generation: held.gen });
        this.parts.changed();
        return 'current';
      case 'expired':
        session.refuse(held);
        return await this.replace(answer.problem);
      case 'killSwitch':
        return this.noteKillSwitch();
      case 'networkError':
        return this.noteTrouble(unreachable(answer.reason));
      case 'error':
        return this.noteTrouble({
          reason: 'renewal_refused',
          detail: `${answer.problem.title}. ${answer.problem.hint}`,
        });
    }
  }

  /** The held token was answered 401: another one is taken if there is one. */
  async unauthorized(problem: Problem | null): Promise<Standing> {
    const { session } = this.parts;
    if (session.token !== null) session.refuse(session.token);
    // Fifty calls a second may fail on one dead token: one search a second serves them all.
    if (session.death !== null && performance.now() - this.lastSearch < 1_000) return 'dead';
    return await this.replace(problem);
  }

  /** Takes the file's other token, else the hand-over's. Null: none of them has news. */
  async catchUp(generation?: number): Promise<'taken' | null> {
    const { session, sources } = this.parts;
    const held = session.usable();
    if (generation !== undefined && held !== null && held.gen >= generation) return 'taken';
    const inFile = await sources.fromFile();
    if (inFile.kind === 'token' && (await this.takeFound(inFile))) return 'taken';
    const handed = await sources.fromHandOver();
    return handed.kind === 'token' && (await this.takeFound(handed)) ? 'taken' : null;
  }

  /** Looks at the file alone. */
  async considerFile(): Promise<void> {
    const found = await this.parts.sources.fromFile();
    if (found.kind === 'token') await this.takeFound(found);
  }

  /** Every way back to a renewable token. Runs every minute while something is wrong, and at once on a hint. */
  async recover(): Promise<Standing> {
    const { session } = this.parts;
    this.times.recoverAt = null;
    session.forgetRefusals();
    const standing =
      session.finality !== null && session.usable() !== null
        ? ((await this.catchUp()) ?? 'behind')
        : await this.verify();
    if (standing === 'current') this.times.recovered();
    else if (standing !== 'taken') this.times.recoverLater();
    if (standing === 'unreachable') this.times.probeSoon();
    else this.times.probed();
    return standing;
  }

  /** One attempt to renew, with all that goes before it. */
  async renew(force = false): Promise<RenewalOutcome> {
    const { session, sources, lock } = this.parts;
    if (session.usable() === null) return await this.verify();
    if (!force && !this.isDue()) return 'not-due';
    const inFile = await sources.fromFile();
    if (inFile.kind === 'token' && (await this.takeFound(inFile))) return 'already-taken';
    if (!session.confirmed || this.unsettled) {
      const standing = await this.settle();
      if (standing !== 'current') return standing;
      // Only now is the server's time known: it may be far from due.
      if (!force && !this.isDue()) return 'not-due';
    }
    const release = lock.take();
    if (release === null) {
      this.times.afterSibling();
      return 'sibling-renews';
    }
    try {
      const now = await sources.fromFile();
      if (now.kind === 'token' && (await this.takeFound(now))) return 'already-taken';
      return await this.send();
    } finally {
      release();
    }
  }

  private isDue(): boolean {
    const { session, clock } = this.parts;
    if (session.finality !== null || session.renewAt === null) return false;
    return clock.earliest() >= session.renewAt && performance.now() >= this.times.renewNotBefore;
  }

  /** The owner has mended what forbade the renewal: the keys of the holder are there now. */
  holderCame(): boolean {
    const { session, holder } = this.parts;
    return session.finality?.reason === 'holder_required' && (holder()?.holderId ?? null) !== this.refusedAs;
  }

  /** Forgets that renewing needs a holder; the next look at what is due renews as the holder that is there now. */
  reconsider(): Promise<void> {
    this.parts.session.finality = null;
    this.times.reopened();
    this.parts.log.info('This installation is a holder now: renewing goes on.');
    this.parts.changed();
    return Promise.resolve();
  }

  /** Writes the token in memory to the file, where that failed before. */
  async writeAgain(): Promise<void> {
    const { session } = this.parts;
    if (!this.writePending || session.token === null) return;
    const newer = await this.write(session.token);
    if (newer !== null) await this.considerFile();
    this.parts.changed();
  }

  private async send(): Promise<RenewalOutcome> {
    const { session, api, holder } = this.parts;
    const held = session.usable();
    if (held === null) return await this.verify();
    const step = renewalStep(await api.renew(held.token, held.sid, holder()));
    await this.apply(step);
    return step.do;
  }

  private async apply(step: RenewalStep): Promise<void> {
    const { session, log } = this.parts;
    switch (step.do) {
      case 'take':
        await this.take(step.token, 'renewal', true, step.answer);
        return;
      case 'retry':
        this.unsettled = true;
        this.fail(step.reason, step.retryAfterMs);
        return;
      case 'wait':
        this.times.tooEarly(step.ms);
        log.info(`Too early to renew; trying again in ${Math.ceil(step.ms / 1000)} s. The token stays in use.`);
        return;
      case 'keep':
        session.finality = step.trouble;
        this.refusedAs = this.parts.holder()?.holderId ?? null;
        this.times.recoverLater();
        log.warn(`No further renewal: ${step.trouble.detail} The token is used until it ends.`);
        this.parts.changed();
        return;
      case 'catch-up':
        if ((await this.catchUp()) === null) {
          this.noteTrouble({ reason: 'renewal_conflict', detail: `${step.problem.title}. ${step.problem.hint}` });
        }
        return;
      case 'unauthorized':
        await this.unauthorized(step.problem);
        return;
      case 'kill-switch':
        this.noteKillSwitch();
        return;
      case 'recover':
        this.noteTrouble(step.trouble);
        return;
    }
  }

  /** After a send without an answer: is the own generation still the current one? */
  private async settle(): Promise<Standing> {
    const { session, sources } = this.parts;
    const held = session.usable();
    const handed = await sources.fromHandOver();
    let standing: Standing;
    if (handed.kind === 'token' && handed.token.token === held?.token) {
      standing = 'current';
    } else if (handed.kind === 'token' && (await this.takeFound(handed))) {
      standing = 'taken';
    } else if (handed.kind === 'unreachable') {
      standing = 'unreachable';
      this.fail(handed.reason, 0);
    } else if (handed.kind === 'killSwitch') {
      standing = this.noteKillSwitch();
    } else {
      standing = await this.verify();
      if (standing === 'unreachable') this.fail(session.trouble?.detail ?? 'no answer', 0);
    }
    if (standing === 'current') {
      this.unsettled = false;
      session.confirmed = true;
    }
    return standing;
  }

  /** One attempt failed: once the attempts are used up the state is `error` and recovery takes over. */
  private fail(reason: string, retryAfterMs: number): void {
    const wait = this.times.failed(retryAfterMs);
    if (wait === null) {
      this.noteTrouble(unreachable(reason));
      return;
    }
    this.parts.session.trouble = null;
    this.parts.log.warn(`Renewal: ${reason}; trying again in ${Math.ceil(wait / 1000)} s. The token stays in use.`);
  }

  private async replace(problem: Problem | null): Promise<Standing> {
    this.parts.session.searching = true;
    this.lastSearch = performance.now();
    try {
      return await this.search(problem);
    } finally {
      this.parts.session.searching = false;
    }
  }

  private async search(problem: Problem | null): Promise<Standing> {
    const { session, sources, receipts, log } = this.parts;
    const found = await sources.find();
    if (found.kind !== 'unreachable') session.killSwitch = found.kind === 'killSwitch';
    switch (found.kind) {
      case 'token':
        return (await this.takeFound(found)) ? 'taken' : 'behind';
      case 'killSwitch':
        return this.noteKillSwitch();
      case 'unreachable':
        session.death = session.token === null ? null : unreachable(found.reason);
        return this.noteTrouble(unreachable(found.reason));
      case 'none':
        session.death = deathOf(problem ?? found.problem, session.token);
        session.trouble = null;
        if (session.token !== null && problem !== null && session.death.reason.startsWith('session_')) {
          receipts.acknowledge({ sessionId: session.token.sid, generation: session.token.gen, ended: true });
        }
        log.warn(`No usable token: ${session.death.detail}`);
        this.times.recoverLater();
        this.parts.changed();
        return 'dead';
    }
  }

  private takeFound(found: Extract<Found, { kind: 'token' }>): Promise<boolean> {
    return this.take(found.token, found.source, found.confirmed);
  }

  /** File first, then memory. False when it was no news. */
  private async take(token: HeldToken, source: string, confirmed: boolean, info?: SessionView): Promise<boolean> {
    const { session, log, receipts } = this.parts;
    const held = session.token;
    // A ledger restored from a backup goes on from an earlier generation: it refuses ours and hands that one over.
    const mayGoBack = source === 'hand-over' && session.usable() === null;
    if (held?.sid === token.sid && token.gen < held.gen && !mayGoBack) return false;
    if (source === 'renewal' || source === 'hand-over') {
      const newer = await this.write(token);
      if (newer !== null) return await this.take(newer, 'file', false);
    } else {
      this.writePending = false;
    }
    if (held?.token === token.token) {
      if (confirmed) session.confirm(info);
      return false;
    }
    session.take(token, confirmed);
    if (info !== undefined) session.info = info;
    this.times.renewed();
    this.unsettled = false;
    log.info(`On generation ${token.gen} of session ${token.sid}, from the ${source}.`);
    receipts.acknowledge({ sessionId: token.sid, generation: token.gen });
    this.parts.changed();
    return true;
  }

  /** A write that fails costs nothing now: memory takes the token all the same, and the tick tries again. */
  private async write(token: HeldToken): Promise<HeldToken | null> {
    const { store, session, log } = this.parts;
    try {
      const newer = await store.write(token, (there, ours) => session.outranks(there, ours));
      this.writePending = false;
      return newer;
    } catch (error) {
      if (!this.writePending) {
        const cause = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
        log.error(
          `The token file cannot be written (${cause}): ${store.path}. It is tried again; the token is in memory.`,
        );
      }
      this.writePending = true;
      return null;
    }
  }

  private noteKillSwitch(): Standing {
    const { session, log } = this.parts;
    if (!this.toldKillSwitch) log.warn('The kill switch is on. The token is kept.');
    this.toldKillSwitch = true;
    session.killSwitch = true;
    this.times.pause();
    this.parts.changed();
    return 'kill-switch';
  }

  private noteTrouble(trouble: Trouble): Standing {
    const { session, log } = this.parts;
    if (session.trouble?.detail !== trouble.detail) log.warn(`${trouble.detail} Trying again within about a minute.`);
    session.trouble = trouble;
    this.times.pause();
    this.parts.changed();
    return trouble.reason === 'server_unreachable' ? 'unreachable' : 'behind';
  }
}
