import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TelegramBots } from '../../../apps/notifier/src/bot/telegram-bots.js';
import { commandDeps, createSession, registerAgent, type CommandDeps } from '#libs/commands';
import type { AgentDefaults } from '#libs/contracts';
import { Database } from '#libs/database';
import { Channels } from '#libs/deliveries';
import { createLedger } from '#libs/ledger';
import { createLogger, loadConfig } from '#libs/platform';
import {
  BY_OWNER,
  createTestDatabase,
  TelegramStandIn,
  until,
  type SentMessage,
  type TestDatabase,
} from '#libs/testing';
import { KeyRing, SecretBox } from '#libs/tokens';

export const OWNER_CHAT = 4711;
export const STRANGER = 666;
export const BOT_TOKEN = '7000000001:AAExampleExampleExampleExample_0001';
const ISSUER = 'http://127.0.0.1:3100';
const caller = { actor: 'owner', requestId: 'fixture' };

interface Keyboard {
  inline_keyboard?: { text: string; callback_data: string }[][];
}

/** A ledger, a stand-in for Telegram, and bots between them that can be stopped and started. */
export class BotFixture implements AsyncDisposable {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'ledger-bot-'));
  readonly logLines: string[] = [];
  private running: { stop: AbortController; done: Promise<void> }[] = [];

  private constructor(
    private readonly testDatabase: TestDatabase,
    readonly database: Database,
    readonly telegram: TelegramStandIn,
    readonly commands: CommandDeps,
    readonly channels: Channels,
  ) {}

  static async open(): Promise<BotFixture> {
    const testDatabase = await createTestDatabase();
    const database = await Database.open({ url: testDatabase.url, applicationName: 'bot test', poolSize: 8 });
    const box = SecretBox.open({ base64: Buffer.alloc(32, 7).toString('base64') });
    const ledger = createLedger(database);
    const keys = new KeyRing(database, box);
    await keys.activate((await keys.add(0)).kid, 0);
    const config = loadConfig({ LEDGER_ISSUER: ISSUER, LEDGER_MIN_LIFETIME: '60' });
    const commands = commandDeps({ database, ledger, keys, config });
    const telegram = await TelegramStandIn.start();
    return new BotFixture(testDatabase, database, telegram, commands, new Channels(database, box));
  }

  async addTelegramChannel(name = 'owner', chatId: number = OWNER_CHAT, allowedUsers?: number[]): Promise<string> {
    const config = {
      botToken: BOT_TOKEN,
      chatId,
      apiRoot: this.telegram.apiRoot,
      ...(allowedUsers && { allowedUsers }),
    };
    const { channel } = await this.channels.create(
      { name, priority: 100, enabled: true },
      { type: 'telegram', config },
      BY_OWNER,
    );
    return channel.id;
  }

  async addAgent(name: string, defaultConstraints?: AgentDefaults): Promise<string> {
    const agent = await registerAgent(
      this.commands,
      { name, ...(defaultConstraints && { defaultConstraints }) },
      caller,
    );
    return agent.agentId;
  }

  async addSession(agentId: string): Promise<string> {
    return (await createSession(this.commands, { agentId, supersede: false }, caller)).head.sessionId;
  }

  startBots(): { stop: () => Promise<void> } {
    const stop = new AbortController();
    const logger = createLogger({
      service: 'bot',
      level: 'debug',
      destination: { write: (line) => void this.logLines.push(line) },
    });
    const { commands, channels, dataDir } = this;
    const running = { stop, done: new TelegramBots({ commands, channels, logger, dataDir }).run(stop.signal) };
    this.running.push(running);
    return {
      stop: async () => {
        stop.abort();
        await running.done;
        this.running = this.running.filter((other) => other !== running);
      },
    };
  }

  say(words: string, from: number = OWNER_CHAT): void {
    this.telegram.say(from, from, words);
  }

  press(message: SentMessage, label: string, from: number = OWNER_CHAT): void {
    const button = this.buttons(message).find(({ text }) => text.startsWith(label));
    if (!button) throw new Error(`No button ${label} under: ${message.text}`);
    this.telegram.press(Number(message.chatId), from, message.messageId, button.callback_data);
  }

  buttons({ replyMarkup }: SentMessage): { text: string; callback_data: string }[] {
    return ((replyMarkup as Keyboard | undefined)?.inline_keyboard ?? []).flat();
  }

  /** The first message, from now or before, whose text matches. */
  message(pattern: RegExp, timeoutMs?: number): Promise<SentMessage> {
    return until(() => this.telegram.messages.findLast(({ text }) => pattern.test(text)), {
      describe: `a message like ${pattern}; there were: ${JSON.stringify(this.telegram.messages)}`,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  }

  /** The words with which button presses were answered. */
  answers(): string[] {
    return this.telegram.calls
      .filter(({ method }) => method === 'answerCallbackQuery')
      .map(({ parameters }) => String(parameters['text'] ?? ''));
  }

  async eventTypes(sessionId: string): Promise<string[]> {
    return (await this.commands.store.readStream(`session:${sessionId}`)).map(({ type }) => type);
  }

  async sessionIds(agentId: string): Promise<string[]> {
    return (await this.commands.heads.activeSessions(agentId)).map(({ sessionId }) => sessionId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stop } of this.running) stop.abort();
    await Promise.all(this.running.map(({ done }) => done));
    await this.telegram[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
    await this.testDatabase[Symbol.asyncDispose]();
  }
}
