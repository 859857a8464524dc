import { buffer } from 'node:stream/consumers';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { recordMessage } from '../run-record/run-record.js';
import { rememberReceiver, type Receiver, type ServerCertificate } from './receivers.js';

export interface ReceivedMail {
  from: string;
  recipients: string[];
  /** Parsed message: headers, subject, text, html. */
  mail: Email;
  raw: string;
}

export interface SmtpRefusal {
  /** E.g. 550 for good, 451 for now. */
  code: number;
  message: string;
}

type Judge = (recipient: string, earlier: number) => SmtpRefusal | undefined;

/** From the first byte on, or once the client asks for it. */
export interface SmtpTls extends ServerCertificate {
  begins: 'at once' | 'by STARTTLS';
}

/** What happens once the whole message was taken: accepted, refused, or the answer never comes. */
export type AfterData = SmtpRefusal | 'drop' | 'stall' | undefined;

/** An SMTP server that keeps what it gets and refuses recipients as told. */
export class SmtpReceiver implements AsyncDisposable, Receiver {
  readonly received: ReceivedMail[] = [];
  private attempts = 0;
  private judge: Judge = () => undefined;
  private judgeMessage: (earlier: number) => AfterData = () => undefined;
  private judgeConnection: (earlier: number) => SmtpRefusal | undefined = () => undefined;
  private connections = 0;
  private answerDelayMs: () => number | Promise<number> = () => 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: SMTPServer,
    private readonly protocol: 'smtp' | 'smtps',
  ) {}

  static async start(tls?: SmtpTls): Promise<SmtpReceiver> {
    const holder: { receiver?: SmtpReceiver } = {};
    const secure = tls?.begins === 'at once';
    const server = new SMTPServer({
      ...(tls && { key: tls.key, cert: tls.cert, secure }),
      authOptional: true,
      // A sender that keeps its connection must not hold up the end of a test.
      closeTimeout: 50,
      disabledCommands: tls ? [] : ['STARTTLS'],
      allowInsecureAuth: true,
      onConnect: (_session, done) => done(holder.receiver?.greeting()),
      // Nobody has an account here.
      onAuth: (_auth, _session, done) => done(Object.assign(new Error('Bad credentials'), { responseCode: 535 })),
      onRcptTo: ({ address }, _session, done) => done(holder.receiver?.verdict(address)),
      onData: (stream, { envelope }, done) => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const recipients = envelope.rcptTo.map(({ address }) => address);
        buffer(stream)
          .then((raw) => holder.receiver?.take({ from, recipients, raw: raw.toString('utf8') }, done))
          .catch(done);
      },
    });
    // A client that hangs up in the middle is part of some tests.
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const receiver = (holder.receiver = new SmtpReceiver(server, secure ? 'smtps' : 'smtp'));
    server.server.on('connection', (socket: Socket) => {
      receiver.sockets.add(socket);
      socket.once('close', () => receiver.sockets.delete(socket));
    });
    rememberReceiver(receiver.port, receiver);
    return receiver;
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.protocol}://127.0.0.1:${this.port}`;
  }

  get callCount(): number {
    return this.received.length;
  }

  get connectionCount(): number {
    return this.connections;
  }

  /** Decides on every connection in place of the greeting; `earlier` counts those before. */
  refuseConnection(judge: (earlier: number) => SmtpRefusal | undefined): void {
    this.judgeConnection = judge;
  }

  /** Decides on every recipient of every attempt; `earlier` counts those before. */
  refuse(judge: Judge): void {
    this.judge = judge;
  }

  /** Decides on every message once it was read whole and kept; `earlier` counts those before. */
  refuseMessage(judge: (earlier: number) => AfterData): void {
    this.judgeMessage = judge;
  }

  /** Answers so many milliseconds after a message was read whole and kept, or after they were told. */
  answerAfter(delayMs: () => number | Promise<number>): void {
    this.answerDelayMs = delayMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private greeting(): Error | undefined {
    return errorOf(this.judgeConnection(this.connections++));
  }

  private verdict(recipient: string): Error | undefined {
    return errorOf(this.judge(recipient, this.attempts++));
  }

  private async take(message: Omit<ReceivedMail, 'mail'>, done: (error?: Error) => void): Promise<void> {
    const mail = await PostalMime.parse(message.raw);
    // As it came, and as its reader sees it: a long word is broken on the way.
    recordMessage('mail', [message.raw, mail.subject, mail.text, mail.html].join('\n'));
    // Its number is its own: others may be taken while this one waits for its answer.
    const earlier = this.received.push({ ...message, mail }) - 1;
    await sleep(await this.answerDelayMs());
    const verdict = this.judgeMessage(earlier);
    if (verdict === 'stall') return;
    if (verdict === 'drop') for (const socket of this.sockets) socket.destroy();
    else done(errorOf(verdict));
  }
}

function errorOf(refusal: SmtpRefusal | undefined): Error | undefined {
  return refusal && Object.assign(new Error(refusal.message), { responseCode: refusal.code });
}
