import { type ReceivedWebhook, WebhookReceiver, type WebhookReply } from './webhook-receiver.js';

export type ChatService = 'slack' | 'discord' | 'ntfy';

/** Answers an incoming webhook as the chat service does: by what its documentation says of shapes and lengths. */
export async function startChatService(service: ChatService): Promise<WebhookReceiver> {
  const receiver = await WebhookReceiver.start();
  receiver.respond((request) => ANSWER[service](request));
  return receiver;
}

const ANSWER: Record<ChatService, (request: ReceivedWebhook) => WebhookReply> = {
  slack: (request) => {
    const wrong = slackRefuses(parsed(request));
    return wrong === null ? { status: 200, body: 'ok' } : { status: 400, body: wrong };
  },
  discord: (request) => {
    const wrong = discordRefuses(parsed(request));
    return wrong === null ? { status: 204 } : { status: 400, body: JSON.stringify({ code: 50035, message: wrong }) };
  },
  ntfy: ({ body }) => {
    const bytes = Buffer.byteLength(body);
    // A longer body becomes an attachment, which a phone does not show.
    if (bytes === 0 || bytes > 4096) return { status: 400, body: '{"code":40009}' };
    return { status: 200, body: JSON.stringify({ id: 'x', event: 'message', message: body }) };
  },
};

type Json = Record<string, unknown>;

function parsed({ headers, body }: ReceivedWebhook): Json | null {
  if (!headers['content-type']?.startsWith('application/json')) return null;
  // Half of a character: no valid text.
  if (/\\ud[89ab]../i.test(body)) return null;
  try {
    return JSON.parse(body) as Json;
  } catch {
    return null;
  }
}

function slackRefuses(payload: Json | null): string | null {
  if (payload === null) return 'invalid_payload';
  const { text, blocks = [] } = payload as { text?: unknown; blocks?: Json[] };
  if (typeof text !== 'string' || text.length === 0) return 'no_text';
  // Only these three characters are escaped; a bare one would be markup, a link or a mention.
  if (/[<>]|&(?!amp;|lt;|gt;)/.test(text)) return 'unescaped text';
  if (blocks.length > 50) return 'invalid_blocks';
  const bad = blocks.find((block) => !isSlackBlock(block));
  return bad ? `invalid_blocks: ${JSON.stringify(bad)}` : null;
}

function isSlackBlock({ type, text, fields }: Json): boolean {
  if (type === 'header') return isPlainText(text, 150);
  if (type !== 'section') return false;
  if (text === undefined && fields === undefined) return false;
  if (text !== undefined && !isPlainText(text, 3000)) return false;
  if (fields === undefined) return true;
  return (
    Array.isArray(fields) && fields.length >= 1 && fields.length <= 10 && fields.every((f) => isPlainText(f, 2000))
  );
}

function isPlainText(value: unknown, limit: number): boolean {
  const { type, text } = (value ?? {}) as Json;
  return type === 'plain_text' && typeof text === 'string' && text.length >= 1 && text.length <= limit;
}

interface Embed {
  title?: string;
  description?: string;
  color?: number;
  fields?: { name: string; value: string }[];
}

function discordRefuses(payload: Json | null): string | null {
  if (payload === null) return 'invalid json';
  const { content, embeds = [] } = payload as { content?: string; embeds?: Embed[] };
  if (content === undefined && embeds.length === 0) return 'Cannot send an empty message';
  if (embeds.length > 10) return 'Must be 10 or fewer in length.';
  const total = embeds.reduce((sum, embed) => sum + textOf(embed).join('').length, 0);
  if (total > 6000) return 'Embed size exceeds maximum size of 6000';
  return embeds.map(embedRefused).find((wrong) => wrong !== null) ?? null;
}

function embedRefused({ title = 'x', description = 'x', color = 0, fields = [] }: Embed): string | null {
  if (title.length === 0 || title.length > 256) return 'title: must be 256 or fewer in length';
  if (description.length > 4096) return 'description: must be 4096 or fewer in length';
  if (!Number.isInteger(color) || color < 0 || color > 0xffffff) return 'color: not a colour';
  if (fields.length > 25) return 'fields: must be 25 or fewer in length';
  const bad = fields.find(
    ({ name, value }) => name.length < 1 || name.length > 256 || value.length < 1 || value.length > 1024,
  );
  return bad ? `fields: ${JSON.stringify(bad)}` : null;
}

function textOf({ title = '', description = '', fields = [] }: Embed): string[] {
  return [title, description, ...fields.flatMap(({ name, value }) => [name, value])];
}
