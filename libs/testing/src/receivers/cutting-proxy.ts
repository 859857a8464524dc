import { connect, type Socket } from 'node:net';
import { RawServer } from './raw-server.js';

export type Cut =
  /** Passes everything. */
  | 'nothing'
  /** Refuses by closing at once. */
  | 'connection'
  /** Passes the request and cuts when the answer begins: the far side has accepted. */
  | 'answer'
  /** Passes the request and never lets an answer through. */
  | 'answer-silently';

/** A TCP proxy in front of a real receiver that cuts where a network would. */
export class CuttingProxy implements AsyncDisposable {
  cut: Cut = 'nothing';
  /** When something of an answer last came through, by `performance.now()`. */
  passedAt = -Infinity;

  private constructor(
    private readonly server: RawServer,
    private readonly upstreams: Set<Socket>,
  ) {}

  static async start(targetPort: number): Promise<CuttingProxy> {
    const upstreams = new Set<Socket>();
    const holder: { proxy?: CuttingProxy } = {};
    const server = await RawServer.start((client) => {
      if (holder.proxy?.cut === 'connection') return client.destroy();
      const upstream = connect(targetPort, '127.0.0.1');
      upstreams.add(upstream);
      upstream.on('error', () => client.destroy());
      upstream.once('close', () => {
        upstreams.delete(upstream);
        client.end();
      });
      client.once('close', () => upstream.destroy());
      client.on('data', (chunk) => upstream.write(chunk));
      upstream.on('data', (chunk) => {
        const cut = holder.proxy?.cut;
        if (cut === 'answer') client.destroy();
        if (cut === 'answer' || cut === 'answer-silently') return;
        client.write(chunk);
        if (holder.proxy) holder.proxy.passedAt = performance.now();
      });
    });
    return (holder.proxy = new CuttingProxy(server, upstreams));
  }

  /** Cuts what is connected now, and from now on as given. */
  cutAll(cut: Cut): void {
    this.cut = cut;
    for (const upstream of this.upstreams) upstream.destroy();
    for (const socket of this.server.sockets) socket.destroy();
  }

  get port(): number {
    return this.server.port;
  }

  get connections(): number {
    return this.server.connections;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const upstream of this.upstreams) upstream.destroy();
    await this.server[Symbol.asyncDispose]();
  }
}
