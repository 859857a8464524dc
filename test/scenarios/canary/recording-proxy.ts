import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer of the api, whole. */
export interface RecordedAnswer {
  method: string;
  /** Without the query. */
  path: string;
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Stands before the api and keeps every answer byte for byte. */
export class RecordingProxy implements AsyncDisposable {
  readonly answers: RecordedAnswer[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {}

  static async start(target: string): Promise<RecordingProxy> {
    const server = createServer();
    // Whoever keeps a connection ends it: a request and the end of its connection must not meet on the way.
    server.keepAliveTimeout = 0;
    const proxy = new RecordingProxy(server, target);
    server.on('request', (incoming, outgoing) => proxy.forward(incoming, outgoing));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = '', url = '/', headers } = incoming;
    const onward = request(new URL(url, this.target), { method, headers });
    onward.on('error', () => outgoing.destroy());
    onward.on('response', (answer) => {
      const recorded: RecordedAnswer = {
        method,
        path: url.split('?', 1)[0] ?? '',
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        body: '',
      };
      this.answers.push(recorded);
      outgoing.writeHead(recorded.status, answer.headers);
      answer.on('data', (chunk: Buffer) => {
        recorded.body += chunk.toString('latin1');
        outgoing.write(chunk);
      });
      answer.on('end', () => outgoing.end());
      answer.on('error', () => outgoing.destroy());
    });
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }
}
