import { createHash } from 'node:crypto';
import { Agent, request, type buildConnector, type Dispatcher } from 'undici';
import type { MessageLanguage } from '#libs/contracts';
import type { ClaimedMessage, Member, Outcome, WebhookConfig } from '#libs/deliveries';
import { phrasesOf } from '../messages/phrases/phrases-of.js';
import type { Sender } from '../send-deliveries/sender.js';
import { answeredAt, retryAfterSeconds } from './retry-after.js';
import { signedHeaders } from './signature.js';
import { webhookBody } from './webhook-body.js';
import { webhookFailure } from './webhook-failure.js';

const HEADERS_TIMEOUT_MS = 10_000;
const BODY_TIMEOUT_MS = 5_000;
const TOTAL_TIMEOUT_MS = 15_000;
const MAX_BODY_BYTES = 65_536;
const CONCURRENCY = 32;

/** The connections of all webhooks of a process. Pools are by origin: a slow receiver uses up only its own. */
export function webhookAgent(connect: buildConnector.connector): Agent {
  return new Agent({
    connect,
    connections: CONCURRENCY,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    maxResponseSize: MAX_BODY_BYTES,
    keepAliveTimeout: 4_000,
  });
}

/** Standard Webhooks over HTTP: signed, no redirects, everything limited. */
export class WebhookSender implements Sender {
  readonly concurrency = CONCURRENCY;
  readonly digestAbove = null;
  readonly gates = [];

  constructor(
    private readonly config: WebhookConfig,
    private readonly language: MessageLanguage,
    private readonly agent: Dispatcher,
  ) {}

  render(members: Member[], now: number): unknown {
    return this.config.format === undefined || this.config.format === 'standard'
      ? null
      : webhookBody(this.config.format, members, phrasesOf(this.language), now);
  }

  async send(message: ClaimedMessage): Promise<Outcome> {
    const { body, type } =
      message.content === null
        ? { body: message.members[0]!.envelope, type: 'application/cloudevents+json; charset=utf-8' }
        : (message.content as { body: string; type: string });
    try {
      const response = await request(this.config.url, {
        method: 'POST',
        dispatcher: this.agent,
        signal: AbortSignal.timeout(TOTAL_TIMEOUT_MS),
        headers: {
          'content-type': type,
          'accept-encoding': 'identity',
          'user-agent': 'session-ledger-notifier',
          ...signedHeaders(this.config, message.deliveryId, body, message.startedAt),
        },
        body,
      });
      return await judge(response, message.startedAt);
    } catch (error) {
      return webhookFailure(error);
    }
  }

  async close(): Promise<void> {}
}

/** The status decides; the answer's body is read only to free the connection, and of a failure only its digest is kept. */
async function judge(response: Dispatcher.ResponseData, startedAt: number): Promise<Outcome> {
  const { statusCode, headers, body } = response;
  if (statusCode >= 200 && statusCode < 300) {
    void body.dump({ limit: MAX_BODY_BYTES, signal: AbortSignal.timeout(BODY_TIMEOUT_MS) }).catch(() => undefined);
    return { kind: 'delivered', detail: `HTTP ${statusCode}` };
  }
  const digest = await digestOf(body);
  const detail = `HTTP ${statusCode}${digest ? `, body sha256 ${digest}` : ''}`;
  if (statusCode < 400) return { kind: 'failed', reason: 'redirect', detail: `${detail}: redirects are not followed` };
  if (statusCode === 410)
    return { kind: 'failed', reason: 'gone', detail: `${detail}: the receiver is gone`, stop: 'gone' };
  // A date is seen from the receiver's own clock, or from the database's: ours may be far off.
  const retryAfter = retryAfterSeconds(headers['retry-after'], answeredAt(headers['date']) ?? startedAt);
  const wait = retryAfter !== undefined && (statusCode === 429 || statusCode >= 500) ? { retryAfter } : {};
  if (statusCode === 429) return { kind: 'failed', reason: 'rate_limited', detail, ...wait };
  return { kind: 'failed', reason: statusCode >= 500 ? 'http_5xx' : 'http_4xx', detail, ...wait };
}

/** SHA-256 of the first 2 KiB: enough to tell answers apart, and nothing that an internal page could leak through. */
async function digestOf(body: Dispatcher.ResponseData['body']): Promise<string | null> {
  const hash = createHash('sha256');
  let seen = 0;
  try {
    for await (const chunk of body) {
      const bytes = chunk as Buffer;
      hash.update(bytes.subarray(0, Math.max(0, 2048 - seen)));
      seen += bytes.length;
      if (seen >= 2048) break;
    }
  } catch {
    return null;
  } finally {
    body.destroy();
  }
  return seen === 0 ? null : hash.digest('hex').slice(0, 16);
}
