import { TelegramStandIn, until } from '#libs/testing';
import { writeMcpToken } from '#libs/token-file';
import type { Installation, RunningLedger } from './running-ledger.js';
import { sledgerJson } from './sledger.js';

const CHAT = 4711;
const BOT_TOKEN = '4711:AAAAAAAAAAAAAAAAAAAAAAAAAAAA';

/** Which token is the current one: of which session, and of which generation. */
export interface Current {
  id: string;
  generation: number;
}

/** Makes another token the current one, and resolves once the writer has been told that it is. */
export type Writer = (current: Current) => Promise<Current>;

/** Everybody who can change an agent's token, each through its own real door. */
export class SwapWriters implements AsyncDisposable {
  readonly writers: Readonly<Record<string, Writer>>;

  private constructor(
    private readonly ledger: RunningLedger,
    private readonly installation: Installation,
    private readonly telegram: TelegramStandIn,
  ) {
    this.writers = {
      http: async ({ id }) => await ledger.owner.rotateSession(id),
      // What the console does: a new session takes the holder along and ends the old one.
      console: async () => await ledger.owner.createSession({ agentId: installation.session.agentId, expiresIn: 600 }),
      // What a sibling process does: the new token stands in the file before anybody else tells of it.
      sibling: async ({ id }) => {
        const rotated = await ledger.owner.rotateSession(id);
        await writeMcpToken(installation.tokenFile, rotated.token ?? '');
        return rotated;
      },
      'command line': async ({ id }) => await this.rotateByCommand(id),
      telegram: async () => await this.askTheBot(),
    };
  }

  /** @param installation in the ledger's own data directory, whose only agent it belongs to */
  static async start(ledger: RunningLedger, installation: Installation): Promise<SwapWriters> {
    const telegram = await TelegramStandIn.start();
    // Only the bot is wanted here, not a message about each of the rotations.
    const channel = { type: 'telegram', name: 'chat', priority: 100, enabled: true, minLevel: 'CRITICAL' } as const;
    const config = { botToken: BOT_TOKEN, chatId: CHAT, apiRoot: telegram.apiRoot };
    await ledger.owner.createChannel({ ...channel, config });
    return new SwapWriters(ledger, installation, telegram);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.telegram[Symbol.asyncDispose]();
  }

  private async rotateByCommand(id: string): Promise<Current> {
    await sledgerJson({ dataDir: this.installation.dataDir }, 'session', 'rotate', id);
    return await this.ledger.owner.session(id);
  }

  private async askTheBot(): Promise<Current> {
    const known = this.telegram.messages.length;
    this.telegram.say(CHAT, CHAT, '/newsession');
    const id = await until(
      () => {
        const told = this.telegram.messages.slice(known).map(({ text }) => text);
        return told.map((text) => /Session: ([0-9a-f-]{36})/.exec(text)?.[1]).find((found) => found !== undefined);
      },
      { describe: 'the bot to confirm' },
    );
    return { id, generation: 0 };
  }
}
