import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';

export interface NatsOptions {
  /** `nats://user:password@host:port`; several separated by commas, the first one's credentials are used. */
  url: string;
  /** Credentials of a user where the server runs in operator mode, as `nsc` writes them; read anew at each connection. */
  credentialsFile?: string;
  /** Shown by the server's monitoring. */
  name: string;
  /** Told while the first connection is waited for: at once, then every minute. */
  onWaiting?: (servers: string) => void;
}

const RECONNECT_WAIT_MS = 250;
const FIRST_WORD_MS = 2_000;
const WORD_EVERY_MS = 60_000;

/**
 * Connects, and reconnects for ever after a loss, also where the password was refused meanwhile. The first connection is
 * waited for likewise. With `tls://` nothing is sent to a server that offers no TLS.
 */
export async function connectNats({ url, name, credentialsFile, onWaiting }: NatsOptions): Promise<NatsConnection> {
  const urls = url.split(',').map((part) => new URL(part.trim()));
  const [first] = urls;
  const servers = urls.map(({ protocol, host }) => `${protocol}//${host}`);
  const say = () => onWaiting?.(servers.join(', '));
  const firstWord = setTimeout(say, FIRST_WORD_MS);
  const again = setInterval(say, WORD_EVERY_MS);
  return connect({
    servers,
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    waitOnFirstConnect: true,
    ignoreAuthErrorAbort: true,
    ...(urls.some(({ protocol }) => protocol === 'tls:') && { tls: {} }),
    ...(credentialsFile !== undefined && { authenticator: credsAuthenticator(() => readFileSync(credentialsFile)) }),
    ...(first?.username && { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) }),
  }).finally(() => {
    clearTimeout(firstWord);
    clearInterval(again);
  });
}
