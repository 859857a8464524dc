import { Agent, request } from 'node:http';

/** Status and body of an answer; what the connection itself does wrong is a code instead, e.g. `ECONNRESET`. */
export interface KeptAnswer {
  status: number | string;
  text: string;
}

/** One connection that stays open between its requests, as a client with keep-alive has it. */
export class KeptConnection {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(private readonly url: string) {}

  /** A connection that has had one answer: it is open. */
  static async open(url: string): Promise<KeptConnection> {
    const connection = new KeptConnection(url);
    const { status } = await connection.send('GET', '/health/live', {}).answer;
    if (status !== 200) throw new Error(`${url} answered ${status}`);
    return connection;
  }

  /** `sent`: the operating system has the whole request. */
  send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: object,
  ): { sent: Promise<void>; answer: Promise<KeptAnswer> } {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const call = request(this.url + path, {
      method,
      agent: this.agent,
      headers: {
        ...headers,
        ...(text !== undefined && { 'content-type': 'application/json', 'content-length': String(text.length) }),
      },
    });
    const sent = new Promise<void>((resolve) => call.once('finish', resolve));
    const answer = new Promise<KeptAnswer>((resolve) => {
      const failed = (error: NodeJS.ErrnoException) => resolve({ status: error.code ?? error.message, text: '' });
      call.once('error', failed);
      call.once('response', (response) => {
        let received = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
        response.once('error', failed).once('end', () => resolve({ status: response.statusCode ?? 0, text: received }));
      });
    });
    call.end(text);
    return { sent, answer };
  }

  close(): void {
    this.agent.destroy();
  }
}
