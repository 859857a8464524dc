import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { recordMessage } from '../run-record/run-record.js';
import { rememberReceiver, type Receiver, type ServerCertificate } from './receivers.js';

export interface ReceivedWebhook {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The body byte for byte, as signatures cover it. */
  body: string;
  receivedAt: number;
}

export interface WebhookReply {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** Answers so many milliseconds later. */
  delayMs?: number;
  /** Answers once this has resolved. */
  after?: Promise<unknown>;
  /** `hang`: never answer; `reset`: close the connection after reading the request. */
  instead?: 'hang' | 'reset';
}

type Responder = (request: ReceivedWebhook, earlier: number) => WebhookReply;

/** An HTTP endpoint that keeps what it gets and answers as told; 204 unless told otherwise. */
export class WebhookReceiver implements AsyncDisposable, Receiver {
  readonly received: ReceivedWebhook[] = [];
  private readonly sockets = new Set<Socket>();
  private responder: Responder = () => ({});

  private constructor(
    private readonly server: Server,
    private readonly protocol: 'http' | 'https',
    readonly port: number,
  ) {}

  /** With a certificate it speaks TLS only. */
  static async start(tls?: ServerCertificate): Promise<WebhookReceiver> {
    const server = tls ? createTlsServer(tls) : createServer();
    // Whoever keeps a connection ends it: a request and the end of its connection must not meet on the way.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const receiver = new WebhookReceiver(server, tls ? 'https' : 'http', (server.address() as AddressInfo).port);
    receiver.serve();
    rememberReceiver(receiver.port, receiver);
    return receiver;
  }

  get url(): string {
    return `${this.protocol}://127.0.0.1:${this.port}/webhook`;
  }

  get callCount(): number {
    return this.received.length;
  }

  /** `earlier` counts the requests before this one. */
  respond(responder: Responder): void {
    this.responder = responder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(): void {
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server.on('request', (request, response) => {
      void text(request).then((body) => {
        const { method = '', url = '', headers } = request;
        const webhook = { method, path: url, headers, body, receivedAt: Date.now() };
        const earlier = this.received.push(webhook) - 1;
        recordMessage('webhook', `${JSON.stringify(headers)}\n${body}`);
        const {
          status = 204,
          headers: extra,
          body: answer,
          instead,
          delayMs,
          after,
        } = this.responder(webhook, earlier);
        if (instead === 'reset') request.socket.destroy();
        else if (delayMs !== undefined) setTimeout(() => response.writeHead(status, extra).end(answer), delayMs);
        else if (after !== undefined) void after.then(() => response.writeHead(status, extra).end(answer));
        else if (instead !== 'hang') response.writeHead(status, extra).end(answer);
      });
    });
  }
}
