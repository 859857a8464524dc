import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { recordMessage } from '../run-record/run-record.js';
import { rememberReceiver, type Receiver } from './receivers.js';

export interface TelegramCall {
  /** Bot API method, e.g. `sendMessage`. */
  method: string;
  token: string;
  parameters: Record<string, unknown>;
  /** Epoch milliseconds. */
  at: number;
}

export interface TelegramRefusal {
  error_code: number;
  description: string;
  /** Seconds, with 429. */
  retryAfter?: number;
  /** New id of a group, with 400. */
  migrateTo?: number;
}

export interface SentMessage {
  messageId: number;
  chatId: string;
  text: string;
  replyMarkup: unknown;
  /** Text of the file that came with it. */
  document?: string;
}

type Judge = (call: TelegramCall, earlier: number) => TelegramRefusal | undefined;
type Update = Record<string, unknown> & { update_id: number };

const BOT = { id: 7000000001, is_bot: true, first_name: 'Ledger', username: 'ledger_stand_in_bot' };
const MAX_POLL_MS = 2000;

/** Stands in for the Telegram Bot API over HTTP: keeps calls and messages, serves updates by long polling, refuses as told. */
export class TelegramStandIn implements AsyncDisposable, Receiver {
  /** Every call except `getUpdates`. */
  readonly calls: TelegramCall[] = [];
  readonly messages: SentMessage[] = [];
  private readonly sockets = new Set<Socket>();
  private updates: Update[] = [];
  private wakePollers = new Set<() => void>();
  private judge: Judge = () => undefined;
  private answerDelayMs: () => number = () => 0;
  private pollRefusal: TelegramRefusal | undefined;
  private readonly refusedTokens = new Map<string, TelegramRefusal>();
  private confirmed: Update[] = [];
  /** `getUpdates` calls that are open now, and the most there ever were at once. */
  pollers = 0;
  mostPollers = 0;
  private offsetsIgnored = false;
  private sendCalls = 0;
  private lastId = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<TelegramStandIn> {
    const server = createServer();
    // Whoever keeps a connection ends it: a request and the end of its connection must not meet on the way.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const standIn = new TelegramStandIn(server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => {
      standIn.sockets.add(socket);
      socket.once('close', () => standIn.sockets.delete(socket));
    });
    server.on('request', (request, response) => void standIn.answer(request, response));
    rememberReceiver(standIn.port, standIn);
    return standIn;
  }

  /** Messages to a chat, whatever the answer; not those whose formatting was refused, which come once more as plain text. */
  get callCount(): number {
    return this.sendCalls;
  }

  /** Updates that the bot has confirmed. */
  get confirmedCount(): number {
    return this.confirmed.length;
  }

  get apiRoot(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Decides on every call except `getUpdates`; `earlier` counts those before. */
  refuse(judge: Judge): void {
    this.judge = judge;
  }

  /** Answers so many milliseconds after a call (except `getUpdates`) was carried out. */
  answerAfter(delayMs: () => number): void {
    this.answerDelayMs = delayMs;
  }

  /** Refuses every `getUpdates` until called again without a refusal. */
  refusePolls(refusal?: TelegramRefusal): void {
    this.pollRefusal = refusal;
    if (refusal) for (const wake of this.wakePollers) wake();
  }

  /** From now on every call with this token is refused, as after `/revoke` at @BotFather. */
  refuseToken(token: string, refusal: TelegramRefusal): void {
    this.refusedTokens.set(token, refusal);
    for (const wake of this.wakePollers) wake();
  }

  /** Hands out once more what the bot has confirmed already, as Telegram may do. */
  repeatConfirmed(): void {
    this.updates.unshift(...this.confirmed);
    this.confirmed = [];
    this.offsetsIgnored = true;
    for (const wake of this.wakePollers) wake();
  }

  /** A text that somebody writes to the bot. */
  say(chatId: number, userId: number, words: string): void {
    this.deliver({ message: this.messageOf(chatId, userId, words) });
  }

  /** A tap on a button of the inline keyboard under `messageId`. */
  press(chatId: number, userId: number, messageId: number, data: string): void {
    this.deliver({
      callback_query: {
        id: String(++this.lastId),
        from: { id: userId, is_bot: false, first_name: 'Someone' },
        chat_instance: String(chatId),
        message: {
          message_id: messageId,
          date: seconds(),
          chat: chatOf(chatId),
        },
        data,
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wake of this.wakePollers) wake();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private messageOf(chatId: number, userId: number, words: string): Record<string, unknown> {
    const isCommand = words.startsWith('/');
    const length = words.split(' ')[0]?.length ?? 0;
    return {
      message_id: ++this.lastId,
      date: seconds(),
      from: { id: userId, is_bot: false, first_name: 'Someone' },
      chat: chatOf(chatId),
      text: words,
      ...(isCommand && { entities: [{ type: 'bot_command', offset: 0, length }] }),
    };
  }

  private deliver(update: Record<string, unknown>): void {
    this.updates.push({ ...update, update_id: ++this.lastId });
    for (const wake of this.wakePollers) wake();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, token = '', method = ''] = /^\/bot([^/]+)\/(\w+)/.exec(request.url ?? '') ?? [];
    const parameters = await parametersOf(request);
    const call = { method, token, parameters, at: Date.now() };
    if (method === 'getUpdates') {
      this.mostPollers = Math.max(this.mostPollers, ++this.pollers);
      response.once('close', () => this.pollers--);
      const updates = await this.poll(parameters);
      const refusal = this.refusedTokens.get(token) ?? this.pollRefusal;
      if (refusal) return sendRefusal(response, refusal);
      return send(response, 200, { ok: true, result: updates });
    }

    const earlier = this.calls.push(call) - 1;
    recordMessage('telegram', JSON.stringify(parameters));
    const refusal = this.judge(call, earlier);
    const formattingRefused = refusal?.error_code === 400 && /pars|entit/i.test(refusal.description);
    if (method.startsWith('send') && !formattingRefused) this.sendCalls += 1;
    if (refusal) return sendRefusal(response, refusal);
    if (method.startsWith('editMessage') && !this.messageById(parameters['message_id'])) {
      return sendRefusal(response, { error_code: 400, description: 'Bad Request: message to edit not found' });
    }
    const result = this.perform(call);
    await sleep(this.answerDelayMs());
    send(response, 200, { ok: true, result });
  }

  private async poll({ offset = 0, timeout = 0 }: Record<string, unknown>): Promise<Update[]> {
    // An offset confirms all updates before it.
    const isConfirmed = ({ update_id }: Update) => !this.offsetsIgnored && update_id < Number(offset);
    this.confirmed.push(...this.updates.filter(isConfirmed));
    this.updates = this.updates.filter((update) => !isConfirmed(update));
    this.offsetsIgnored = false;
    if (this.updates.length === 0 && !this.pollRefusal)
      await this.nextUpdate(Math.min(Number(timeout) * 1000, MAX_POLL_MS));
    return this.updates;
  }

  private nextUpdate(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.wakePollers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      this.wakePollers.add(wake);
    });
  }

  private messageById(id: unknown): SentMessage | undefined {
    return this.messages.find(({ messageId }) => messageId === Number(id));
  }

  private perform({ method, parameters }: TelegramCall): unknown {
    if (method === 'getMe') return BOT;
    const words = String(parameters['text'] ?? '');
    const chatId = String(parameters['chat_id'] ?? '');
    if (method === 'sendMessage') {
      const messageId = ++this.lastId;
      this.messages.push({ messageId, chatId, text: words, replyMarkup: parameters['reply_markup'] });
      return { message_id: messageId, date: seconds(), chat: { id: Number(chatId), type: 'private' }, text: words };
    }
    if (method === 'sendDocument') {
      const messageId = ++this.lastId;
      const caption = String(parameters['caption'] ?? '');
      this.messages.push({
        messageId,
        chatId,
        text: caption,
        replyMarkup: undefined,
        document: String(parameters['file'] ?? ''),
      });
      return { message_id: messageId, date: seconds(), chat: { id: Number(chatId), type: 'private' }, caption };
    }
    if (method === 'editMessageText') {
      const message = this.messageById(parameters['message_id']);
      if (message) Object.assign(message, { text: words, replyMarkup: parameters['reply_markup'] });
      return {
        message_id: message?.messageId,
        date: seconds(),
        chat: { id: Number(chatId), type: 'private' },
        text: words,
      };
    }
    return true;
  }
}

function sendRefusal(response: ServerResponse, refusal: TelegramRefusal): void {
  const { error_code, description, retryAfter, migrateTo } = refusal;
  const hints = {
    ...(retryAfter !== undefined && { retry_after: retryAfter }),
    ...(migrateTo !== undefined && { migrate_to_chat_id: migrateTo }),
  };
  const extra = Object.keys(hints).length === 0 ? {} : { parameters: hints };
  send(response, error_code, { ok: false, error_code, description, ...extra });
}

/** Groups have negative ids. */
function chatOf(id: number): Record<string, unknown> {
  return id < 0 ? { id, type: 'supergroup', title: 'A group' } : { id, type: 'private', first_name: 'Someone' };
}

async function parametersOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) {
    const body = await text(request);
    return body === '' ? {} : (JSON.parse(body) as Record<string, unknown>);
  }
  const boundary = /boundary=([^;]+)/.exec(type)?.[1] ?? '';
  const parameters: Record<string, unknown> = {};
  for (const part of (await text(request)).split(`--${boundary}`).slice(1, -1)) {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    const value = rest.join('\r\n\r\n').replace(/\r\n$/, '');
    if (/filename=/i.test(head)) parameters['file'] = value;
    else parameters[/name="([^"]*)"/.exec(head)?.[1] ?? ''] = value;
  }
  return parameters;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
