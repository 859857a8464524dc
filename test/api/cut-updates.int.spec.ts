import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiKeyWithSecret, type CloudEvent } from '#libs/contracts';
import { until } from '#libs/testing';
import { bearer, RunningApi } from './running-api.js';

const CUTS = Number(process.env['UPDATES_CUTS'] ?? 15);

let api: RunningApi;
let key: string;

beforeAll(async () => {
  api = await RunningApi.start();
  const body = { name: 'listener', role: 'owner' };
  key = (await api.owner.http.json<ApiKeyWithSecret>('POST', '/v1/api-keys', { body })).key ?? '';
});

afterAll(() => api?.[Symbol.asyncDispose]());

/** A TCP proxy whose connections can be torn, bytes in flight and all. */
async function tearingProxy(port: number) {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => [client, upstream].forEach((end) => end.destroy()));
      socket.on('close', () => sockets.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tear: () => sockets.forEach((socket) => socket.destroy()),
    close: () => server.close(),
  };
}

/** Listens as a browser does: takes whole events only, and comes back with the id of the last one. */
class Listener {
  readonly heard: CloudEvent[] = [];
  resets = 0;
  connections = 0;
  open = false;
  private lastId: string | undefined;
  private readonly stopped = new AbortController();
  private readonly done: Promise<void>;

  constructor(private readonly url: string) {
    this.done = this.run();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.done;
  }

  private async run(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      await this.listen().catch(() => undefined);
      this.open = false;
    }
  }

  private async listen(): Promise<void> {
    const response = await fetch(`${this.url}/v1/updates`, {
      headers: { ...bearer(key), ...(this.lastId !== undefined && { 'last-event-id': this.lastId }) },
      signal: this.stopped.signal,
    });
    this.connections++;
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      parts.forEach((part) => this.take(part));
    }
  }

  private take(part: string): void {
    const fields = new Map(part.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
    this.lastId = fields.get('id') ?? this.lastId;
    const event = fields.get('event');
    if (event === 'heartbeat') this.open = true;
    else if (event === 'reset') this.resets++;
    else if (event === undefined && fields.has('data'))
      this.heard.push(JSON.parse(fields.get('data') ?? '') as CloudEvent);
  }
}

describe('updates', () => {
  it(`lose and repeat no event for a listener that resumes, though its connection is torn ${CUTS} times`, async () => {
    const proxy = await tearingProxy(Number(new URL(api.url).port));
    const listener = new Listener(proxy.url);
    try {
      await until(() => listener.open, { timeoutMs: 30_000, describe: 'the first connection' });
      const session = await api.session();
      for (let cut = 1; cut <= CUTS; cut++) {
        const before = listener.connections;
        const rotations = [1, 2].map(() => api.call('POST', `/v1/sessions/${session.id}/rotate`, bearer(key)));
        // Now and then in the middle of the answer, else before or after.
        if (cut % 3 === 0) await Promise.race(rotations);
        if (cut % 3 === 1) await Promise.all(rotations);
        proxy.tear();
        await Promise.all(rotations);
        await until(() => listener.connections > before, { timeoutMs: 30_000, describe: 'the listener to come back' });
      }
      const expected = (await api.events(session.id)).map(({ id }) => id);
      expect(expected).toHaveLength(1 + 2 * CUTS);
      const ofSession = () => listener.heard.filter(({ subject }) => subject === session.id).map(({ id }) => id);
      await until(() => ofSession().length >= expected.length, { timeoutMs: 30_000, describe: 'all events to arrive' });
      expect(ofSession()).toEqual(expected);
      expect(listener.resets).toBe(0);
      const positions = listener.heard.map(({ position }) => position);
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    } finally {
      await listener.stop();
      proxy.close();
      proxy.tear();
    }
  });

  it('begin afresh with a reset for a cursor that is not of this log', async () => {
    for (const cursor of ['main:999999999', 'other:1', 'nonsense']) {
      const abort = new AbortController();
      const response = await fetch(`${api.url}/v1/updates`, {
        headers: { ...bearer(key), 'last-event-id': cursor },
        signal: abort.signal,
      });
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        if (text.includes('event: heartbeat')) break;
      }
      abort.abort();
      expect(text).toContain('event: reset');
      expect(text).toMatch(/id: main:\d+\nevent: heartbeat/);
    }
  });
});
