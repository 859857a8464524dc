import { natsAccessView, type NatsAccessView, type Problem } from '#libs/contracts';
import type { HolderIdentity } from '../holder/holder-identity.js';
import type { Log } from '../log.js';
import type { HeldSession } from './held-session.js';
import { holdToken, type HeldToken } from './held-token.js';
import type { LedgerApi } from './ledger-api.js';
import type { TokenStore } from './token-store.js';

export type Found =
  | { kind: 'token'; token: HeldToken; source: 'file' | 'environment' | 'hand-over'; confirmed: boolean }
  /** The server answered, and there is none. */
  | { kind: 'none'; problem: Problem | null }
  | { kind: 'unreachable'; reason: string }
  | { kind: 'killSwitch' };

export interface TokenSourcesOptions {
  api: LedgerApi;
  store: TokenStore;
  session: HeldSession;
  holder: () => HolderIdentity | null;
  /** The token that the environment gave at the start. */
  environmentToken: HeldToken | null;
  /** Told of an access to NATS that came with a hand-over. */
  natsOffered: (access: NatsAccessView) => void;
  log: Log;
}

const HAND_OVER_ATTEMPTS = 3;

/** Where a token can come from besides a renewal: the file, the hand-over, the environment. In that order. */
export class TokenSources {
  constructor(private readonly options: TokenSourcesOptions) {}

  /** A usable token other than the held one. Each is checked with the server before it is given. */
  async find(): Promise<Found> {
    const inFile = await this.fromFile();
    if (inFile.kind === 'token' || inFile.kind === 'killSwitch') return inFile;
    const handed = await this.fromHandOver();
    if (handed.kind !== 'none') return handed;
    const inEnvironment = await this.fromEnvironment();
    if (inEnvironment.kind === 'token') return inEnvironment;
    return inFile.kind === 'unreachable' ? inFile : handed.problem !== null ? handed : inEnvironment;
  }

  /** The file's token, where it is another one than the held and the server accepts it. */
  fromFile(): Promise<Found> {
    return this.check(this.options.store.read(), 'file');
  }

  /** The holder's current token, opened; `none` without a holder. */
  async fromHandOver(): Promise<Found> {
    const holder = this.options.holder();
    if (holder === null) return { kind: 'none', problem: null };
    for (let attempt = 1; ; attempt += 1) {
      const found = await this.askHandOver(holder);
      // The session changed while it was handed over (one rotation after another): that is no refusal.
      const again = found.kind === 'none' && found.problem?.retryable === true && attempt < HAND_OVER_ATTEMPTS;
      if (!again) return found;
    }
  }

  private async askHandOver(holder: HolderIdentity): Promise<Found> {
    const answer = await this.options.api.handOver(holder);
    switch (answer.kind) {
      case 'ok': {
        const token = holdToken(await this.open(holder, answer.data.sealedToken));
        await this.takeNats(holder, answer.data.sealedNats);
        if (token === null) return { kind: 'unreachable', reason: 'the handed-over token cannot be opened' };
        return { kind: 'token', token, source: 'hand-over', confirmed: true };
      }
      case 'networkError':
        return { kind: 'unreachable', reason: answer.reason };
      case 'killSwitch':
        return { kind: 'killSwitch' };
      case 'expired':
      case 'error':
        return { kind: 'none', problem: answer.problem };
    }
  }

  private async takeNats(holder: HolderIdentity, sealed: string | undefined): Promise<void> {
    if (sealed === undefined) return;
    const access = natsAccessView.safeParse(jsonOf(await this.open(holder, sealed)));
    if (access.success) this.options.natsOffered(access.data);
  }

  private fromEnvironment(): Promise<Found> {
    return this.check(this.options.environmentToken, 'environment');
  }

  private async check(token: HeldToken | null, source: 'file' | 'environment'): Promise<Found> {
    const { session, api } = this.options;
    const held = session.token;
    if (token === null || token.token === held?.token || !session.isUsable(token))
      return { kind: 'none', problem: null };
    if (held !== null && held.sid === token.sid && token.gen < held.gen) return { kind: 'none', problem: null };
    const answer = await api.whoami(token.token);
    switch (answer.kind) {
      case 'ok':
        return { kind: 'token', token, source, confirmed: answer.data.generation === token.gen };
      case 'expired':
        session.refuse(token);
        return { kind: 'none', problem: answer.problem };
      case 'error':
        return { kind: 'none', problem: answer.problem };
      case 'killSwitch':
        return { kind: 'killSwitch' };
      case 'networkError':
        // Nobody can tell: better than nothing, and better than an older one of the same session.
        return session.usable() === null || (held !== null && session.isNewer(token, held))
          ? { kind: 'token', token, source, confirmed: false }
          : { kind: 'unreachable', reason: answer.reason };
    }
  }

  private async open(holder: HolderIdentity, sealed: string): Promise<string> {
    try {
      return await holder.open(sealed);
    } catch {
      this.options.log.error('The handed-over token is sealed to another key. Register again: sledger mcp setup');
      return '';
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
