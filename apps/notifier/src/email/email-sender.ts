import type { Readable } from 'node:stream';
import nodemailer from 'nodemailer';
import type { MessageLanguage } from '#libs/contracts';
import type { ClaimedMessage, EmailConfig, Member, Outcome } from '#libs/deliveries';
import { refusedTls, TLS_ERROR } from '../send-deliveries/refused-tls.js';
import type { Gate, Sender } from '../send-deliveries/sender.js';
import { emailContent, type EmailContent } from './email-content.js';

const CONNECTION_TIMEOUT_MS = 5_000;
const SOCKET_TIMEOUT_MS = 20_000;
/** A server that lets each answer drip is silent at no moment: the whole dialogue has an end too. */
const TOTAL_TIMEOUT_MS = 45_000;
/** A burst becomes one mail; afterwards four a minute at most. */
const MAILBOX_LIMIT = { capacity: 5, perSecond: 4 / 60 };
const DIGEST_ABOVE = 3;

/** Nodemailer's errors, as far as they are read here. */
interface MailError {
  code?: string;
  /** What the socket said, where nodemailer gave a code of its own. */
  originalCode?: string;
  command?: string;
  responseCode?: number;
  response?: string;
  message: string;
}

export class EmailSender implements Sender {
  readonly concurrency = 1;
  readonly digestAbove = DIGEST_ABOVE;
  readonly gates: readonly Gate[];
  private readonly transport: ReturnType<typeof createTransport>;
  /** Streams of the mails on their way: whether one was read says whether its text left us. */
  private readonly streams = new Map<string, Readable>();
  private readonly host: string;

  constructor(
    private readonly config: EmailConfig,
    private readonly language: MessageLanguage,
    channelId: string,
    private readonly totalTimeoutMs = TOTAL_TIMEOUT_MS,
  ) {
    this.gates = [{ name: `email:${channelId}`, ...MAILBOX_LIMIT }];
    this.host = /@([\w.-]+)>?$/.exec(config.from)?.[1] ?? 'session-ledger.invalid';
    this.transport = createTransport(config.smtpUrl);
    this.transport.use('stream', (mail, done) => {
      const create = mail.message.createReadStream.bind(mail.message);
      mail.message.createReadStream = (options) => {
        const stream = create(options) as Readable;
        this.streams.set(mail.message.messageId(), stream);
        return stream;
      };
      done();
    });
  }

  render(members: Member[], now: number): EmailContent {
    return emailContent(members, this.language, now);
  }

  async send(message: ClaimedMessage): Promise<Outcome> {
    const { subject, text, html, threadOf } = message.content as EmailContent;
    const messageId = `<ntf.${message.deliveryId}@${this.host}>`;
    const thread = threadOf === null ? {} : threadHeaders(`<session.${threadOf}@${this.host}>`);
    try {
      await this.transport.sendMail({
        from: this.config.from,
        to: this.config.to,
        subject,
        text,
        html,
        messageId,
        ...thread,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        disableFileAccess: true,
        disableUrlAccess: true,
        signal: AbortSignal.timeout(this.totalTimeoutMs),
      });
      return { kind: 'delivered' };
    } catch (error) {
      return judge(error as MailError, this.streams.get(messageId)?.readableDidRead ?? false);
    } finally {
      this.streams.delete(messageId);
    }
  }

  async close(): Promise<void> {
    this.transport.close();
  }
}

/** What only this machine hears. */
const OWN_HOST = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/i;

/**
 * The connection to a mail server. One on another machine must offer TLS: alerts and passwords do not cross a network in the clear,
 * unless the URL says `requireTLS=false`, which goes before what stands here.
 */
export function createTransport(url: string) {
  return nodemailer.createTransport({
    url,
    requireTLS: !OWN_HOST.test(new URL(url).hostname),
    pool: true,
    maxConnections: 1,
    maxRequeues: 0,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    greetingTimeout: CONNECTION_TIMEOUT_MS,
    dnsTimeout: CONNECTION_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
}

/** One thread for each session: all its mails answer the same root. */
function threadHeaders(root: string): { inReplyTo: string; references: string } {
  return { inReplyTo: root, references: root };
}

/**
 * @param textLeft whether any of the mail's text was sent: without an answer after that, it may have arrived
 */
function judge(error: MailError, textLeft: boolean): Outcome {
  const status = error.responseCode;
  const detail =
    status === undefined
      ? `SMTP: ${error.code ?? ''} ${error.message}`.slice(0, 300)
      : `SMTP ${error.response ?? status}`.slice(0, 300);
  if (error.code === 'ETLS') return refusedTls(error.originalCode ?? whyNoTls(error.message));
  if (error.code === 'EAUTH' && !(status !== undefined && status < 500))
    return { kind: 'failed', reason: 'credentials', detail, stop: 'credentials' };
  if (status !== undefined && status !== 421 && status >= 500) {
    const rejectsUs = error.command === 'RCPT TO' || error.command === 'MAIL FROM';
    return {
      kind: 'failed',
      reason: 'rejected',
      detail,
      permanent: true,
      ...(rejectsUs && { stop: 'recipient' as const }),
    };
  }
  if (status !== undefined) return { kind: 'failed', reason: 'rate_limited', detail };
  if (textLeft) return { kind: 'unknown', reason: 'connection_lost', detail };
  if (TLS_ERROR.test(error.originalCode ?? '')) return refusedTls(error.originalCode!);
  if (error.code === 'EDNS') return { kind: 'failed', reason: 'dns', detail };
  if (error.code === 'ETIMEDOUT' || error.code === 'EABORT') return { kind: 'failed', reason: 'timeout', detail };
  return { kind: 'failed', reason: 'connect', detail };
}

function whyNoTls(message: string): string {
  if (!message.includes('STARTTLS')) return message;
  return 'the server offers none: use smtps:, or add ?requireTLS=false to the URL where mail may cross the network in the clear';
}
