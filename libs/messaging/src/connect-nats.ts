import { connect, type NatsConnection } from '@nats-io/transport-node';

export interface NatsOptions {
  /** `nats://user:password@host:port`; several separated by commas, the first one's credentials are used. */
  url: string;
  /** Shown by the server's monitoring. */
  name: string;
}

const RECONNECT_WAIT_MS = 250;

/** Connects, and reconnects for ever after a loss. The first connection is waited for likewise. */
export async function connectNats({ url, name }: NatsOptions): Promise<NatsConnection> {
  const urls = url.split(',').map((part) => new URL(part.trim()));
  const [first] = urls;
  return connect({
    servers: urls.map(({ protocol, host }) => `${protocol}//${host}`),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    waitOnFirstConnect: true,
    ...(first?.username && { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) }),
  });
}
