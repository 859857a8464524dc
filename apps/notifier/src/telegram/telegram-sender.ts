import { Api, GrammyError, HttpError, InputFile } from 'grammy';
import type { MessageLanguage } from '#libs/contracts';
import type { ClaimedMessage, Member, Outcome, TelegramConfig } from '#libs/deliveries';
import type { Gate, Sender } from '../send-deliveries/sender.js';
import { phrasesOf } from '../messages/phrases/phrases-of.js';
import type { Phrases } from '../messages/phrases/phrases.js';
import { telegramContent, type TelegramContent } from './telegram-content.js';

const TIMEOUT_SECONDS = 10;
/**
 * Telegram: about 30 messages a second for a bot, one a second for a chat, 20 a minute for a group; a chat of one person gets
 * no more here. What a bucket holds and what flows into it in that time are together no more than the limit.
 */
const BOT_LIMIT = { capacity: 5, perSecond: 25 };
const CHAT_SECOND_LIMIT = { capacity: 1, perSecond: 1 };
const CHAT_MINUTE_LIMIT = { capacity: 5, perSecond: 15 / 60 };
const DIGEST_ABOVE = 3;

/** Told when a group became a supergroup and has another id now. */
export type ChatMoved = (chatId: number) => Promise<void>;

export class TelegramSender implements Sender {
  readonly concurrency = 1;
  readonly digestAbove = DIGEST_ABOVE;
  readonly gates: readonly Gate[];
  private readonly api: Api;
  private readonly phrases: Phrases;

  constructor(
    private readonly config: TelegramConfig,
    language: MessageLanguage,
    private readonly chatMoved: ChatMoved,
  ) {
    this.phrases = phrasesOf(language);
    const bot = config.botToken.split(':')[0]!;
    this.gates = [
      { name: `telegram:${bot}`, ...BOT_LIMIT },
      { name: `telegram:${bot}:${config.chatId}`, ...CHAT_SECOND_LIMIT },
      { name: `telegram:${bot}:${config.chatId} a minute`, ...CHAT_MINUTE_LIMIT },
    ];
    this.api = new Api(config.botToken, {
      timeoutSeconds: TIMEOUT_SECONDS,
      ...(config.apiRoot && { apiRoot: config.apiRoot }),
    });
  }

  render(members: Member[], now: number): TelegramContent {
    return telegramContent(members, this.phrases, now);
  }

  async send(message: ClaimedMessage): Promise<Outcome> {
    const content = message.possibleRepeat
      ? labelled(message.content as TelegramContent, this.phrases.possibleRepeat)
      : (message.content as TelegramContent);
    try {
      return await this.call(content);
    } catch (error) {
      if (isEntityError(error)) return this.sendPlain(content);
      return this.outcomeOf(error);
    }
  }

  async close(): Promise<void> {}

  /** Formatting that Telegram does not take must not lose the alert: the same text goes without it, once. */
  private async sendPlain(content: TelegramContent): Promise<Outcome> {
    try {
      const sent = await this.call({ ...content, entities: [] });
      return { ...sent, detail: 'sent as plain text: the formatting was refused' };
    } catch (error) {
      return isEntityError(error)
        ? { kind: 'failed', reason: 'rejected', detail: descriptionOf(error), permanent: true }
        : this.outcomeOf(error);
    }
  }

  private async call({
    text,
    entities,
    file,
    buttons,
  }: TelegramContent): Promise<Extract<Outcome, { kind: 'delivered' }>> {
    const { chatId } = this.config;
    const sent = file
      ? await this.api.sendDocument(chatId, new InputFile(Buffer.from(file.body, 'utf8'), file.name), {
          caption: text.slice(0, 1024),
          caption_entities: entities.filter(({ offset, length }) => offset + length <= 1024),
        })
      : await this.api.sendMessage(chatId, text, {
          entities,
          link_preview_options: { is_disabled: true },
          ...(buttons && {
            reply_markup: { inline_keyboard: [buttons] },
          }),
        });
    return { kind: 'delivered', remoteRef: String(sent.message_id) };
  }

  private async outcomeOf(error: unknown): Promise<Outcome> {
    if (error instanceof HttpError) {
      // The request may have been taken before the connection was lost.
      return neverConnected(error)
        ? { kind: 'failed', reason: 'connect', detail: 'Telegram cannot be reached' }
        : { kind: 'unknown', reason: 'connection_lost', detail: 'the connection was lost before Telegram answered' };
    }
    if (!(error instanceof GrammyError)) {
      return { kind: 'failed', reason: 'internal', detail: error instanceof Error ? error.message : 'unknown error' };
    }
    const { error_code: code, parameters } = error;
    const detail = descriptionOf(error);
    if (parameters.migrate_to_chat_id !== undefined) {
      await this.chatMoved(parameters.migrate_to_chat_id);
      return { kind: 'failed', reason: 'recipient', detail: 'the group has a new id; it was stored' };
    }
    if (code === 429)
      return { kind: 'failed', reason: 'rate_limited', detail, retryAfter: parameters.retry_after ?? 30 };
    if (code === 401 || code === 404) return { kind: 'failed', reason: 'credentials', detail, stop: 'credentials' };
    if (code === 403 || /chat not found/i.test(detail)) {
      return { kind: 'failed', reason: 'recipient', detail, stop: 'recipient' };
    }
    if (code >= 500) return { kind: 'failed', reason: 'http_5xx', detail };
    return { kind: 'failed', reason: 'rejected', detail, permanent: true };
  }
}

function labelled(content: TelegramContent, label: string): TelegramContent {
  return {
    ...content,
    text: `${label}${content.text}`.slice(0, 4096),
    entities: content.entities.map((entity) => ({ ...entity, offset: entity.offset + label.length })),
  };
}

function isEntityError(error: unknown): boolean {
  return error instanceof GrammyError && error.error_code === 400 && /pars|entit/i.test(error.description);
}

/** What Telegram said; never the URL of the call, which holds the bot's token. */
function descriptionOf(error: unknown): string {
  return error instanceof GrammyError ? `Telegram: ${error.error_code} ${error.description}` : 'Telegram refused';
}

const BEFORE_THE_WRITE =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT_|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/;

function neverConnected({ error }: HttpError): boolean {
  const { code, errno, type } = (error ?? {}) as { code?: string; errno?: string; type?: string };
  return BEFORE_THE_WRITE.test(`${code} ${errno} ${type}`);
}
