import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { decodeJwt } from 'jose';
import { bareToken } from '#libs/contracts';

/** One request as the api was sent it. Times are `performance.now()`. */
export interface SeenRequest {
  method: string;
  path: string;
  /** Session and generation of the bearer token, where there was one. */
  session: string | null;
  generation: number | null;
  /** Whether a holder's assertion came along. */
  holder: boolean;
  at: number;
  /** Status that the client was sent; 0: none. */
  status: number;
  answeredAt: number | null;
}

/**
 * What becomes of a request: `pass`; `refuse`: the connection is cut unanswered; `lose-answer`: the api gets it, the
 * client never hears; `cut-body`: half an answer; `hang`: accepted, never answered; or an answer of a reverse proxy.
 */
export type Treatment =
  | 'pass'
  | 'refuse'
  | 'lose-answer'
  | 'cut-body'
  | 'hang'
  | { status: number; headers?: Record<string, string>; body?: string };

/** Stands between clients and the api: counts every request, and cuts, delays or loses on demand. The api is the real one. */
export class LedgerProxy implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  /** Asked for each request. */
  treat: (request: SeenRequest) => Treatment | Promise<Treatment> = () => 'pass';
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private target: string,
  ) {}

  static async start(target: string): Promise<LedgerProxy> {
    const server = createServer();
    // Whoever keeps a connection ends it: a request and the end of its connection must not meet on the way.
    server.keepAliveTimeout = 0;
    const proxy = new LedgerProxy(server, target);
    server.on('request', (incoming, outgoing) => void proxy.handle(incoming, outgoing));
    server.on('connection', (socket) => {
      proxy.sockets.add(socket);
      socket.on('close', () => proxy.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The api came back elsewhere. */
  retarget(target: string): void {
    this.target = target;
  }

  /** Requests to a path that ends so, since the start or the last `forget()`. */
  count(method: string, ending: string | RegExp): number {
    return this.requests(method, ending).length;
  }

  requests(method: string, ending: string | RegExp): SeenRequest[] {
    const matches = (path: string): boolean => (typeof ending === 'string' ? path.endsWith(ending) : ending.test(path));
    return this.seen.filter((seen) => seen.method === method && matches(seen.path));
  }

  forget(): void {
    this.seen.length = 0;
  }

  /** Cuts every open connection, as a network that goes away. */
  cutAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const seen: SeenRequest = {
      method: incoming.method ?? '',
      path: (incoming.url ?? '').replace(/\?.*/, ''),
      ...bearerOf(incoming),
      holder: incoming.headers['ledger-holder-assertion'] !== undefined,
      at: performance.now(),
      status: 0,
      answeredAt: null,
    };
    this.seen.push(seen);
    const body = await bodyOf(incoming);
    const treatment = await this.treat(seen);
    if (treatment === 'refuse') incoming.socket.destroy();
    else if (typeof treatment === 'object') this.answer(seen, outgoing, treatment);
    else if (treatment !== 'hang') this.forward(seen, incoming, outgoing, body, treatment);
  }

  private answer(
    seen: SeenRequest,
    outgoing: ServerResponse,
    { status, headers, body }: Exclude<Treatment, string>,
  ): void {
    seen.status = status;
    seen.answeredAt = performance.now();
    outgoing.writeHead(status, headers).end(body);
  }

  private forward(
    seen: SeenRequest,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    body: Buffer,
    treatment: string,
  ): void {
    const onward = request(new URL(incoming.url ?? '/', this.target), {
      method: seen.method,
      headers: { ...incoming.headers, host: new URL(this.target).host },
    });
    onward.on('error', () => incoming.socket.destroy());
    onward.on('response', (answer) => {
      if (treatment === 'lose-answer') {
        answer.resume().on('end', () => incoming.socket.destroy());
        return;
      }
      seen.status = answer.statusCode ?? 0;
      seen.answeredAt = performance.now();
      outgoing.writeHead(seen.status, answer.headers);
      outgoing.on('close', () => answer.destroy());
      if (treatment === 'cut-body')
        answer.once('data', (data: Buffer) => outgoing.write(data.subarray(0, 40), () => incoming.socket.destroy()));
      else answer.pipe(outgoing);
      answer.on('error', () => outgoing.destroy());
    });
    outgoing.on('close', () => onward.destroy());
    onward.end(body);
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    // The client went away.
  }
  return Buffer.concat(chunks);
}

function bearerOf(incoming: IncomingMessage): Pick<SeenRequest, 'session' | 'generation'> {
  const bearer = /^Bearer (\S+)$/.exec(incoming.headers.authorization ?? '')?.[1];
  try {
    const { sid, gen } = decodeJwt(bareToken(bearer ?? ''));
    return {
      session: typeof sid === 'string' ? sid : null,
      generation: typeof gen === 'number' ? gen : null,
    };
  } catch {
    return { session: null, generation: null };
  }
}
