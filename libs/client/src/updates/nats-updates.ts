import type { Authenticator, NatsConnection } from '@nats-io/transport-node';
import { agentSubjects } from '#libs/contracts';
import type { Log } from '../log.js';
import type { NatsAccess } from './nats-access.js';
import { parseEvent } from './parse-event.js';
import type { UpdateListener } from './update-listener.js';

export interface NatsUpdatesOptions {
  /** Read at each connection: a short-lived access is replaced while the connection stands. */
  access: () => NatsAccess;
  /** Asks for another access, because the one in use ends soon. */
  renewAccess: () => void;
  agentId: string;
  listener: UpdateListener;
  /** Told when the connection is lost (false) and when it is back (true). */
  connection: (up: boolean) => void;
  /** Told when the connection is closed for good, e.g. because its user is not known any more. */
  ended: () => void;
  log: Log;
}

const CONNECT_DEADLINE = 5_000;
const RECONNECT_WAIT = 500;
const PING_INTERVAL = 10_000;
/** Milliseconds. */
const LONGEST_WAIT = 3_600_000;
/** Share of what is left of an access after which the next one is asked for. */
const RENEW_SHARE = 0.6;
const RENEW_RETRY = 30_000;

/** The agent's events over core NATS: subscribes, publishes nothing, asks nothing. */
export class NatsUpdates {
  private timer: NodeJS.Timeout | null = null;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly options: NatsUpdatesOptions,
  ) {}

  /** Connects and subscribes. Throws when the server cannot be reached or refuses. */
  static async open(options: NatsUpdatesOptions): Promise<NatsUpdates> {
    // Loaded only where it is used: it costs memory that most desktops need not spend.
    const { connect, jwtAuthenticator, usernamePasswordAuthenticator } = await import('@nats-io/transport-node');
    const { access, agentId } = options;
    const { servers } = access();
    const authenticator: Authenticator = (nonce) => {
      const now = access();
      const proof =
        'jwt' in now
          ? jwtAuthenticator(now.jwt, new TextEncoder().encode(now.seed))
          : usernamePasswordAuthenticator(now.user, now.password);
      return proof(nonce);
    };
    const connection = await connect({
      servers,
      // Nothing is sent to a server that offers no TLS where TLS is asked for.
      ...(servers.some((server) => server.startsWith('tls:')) && { tls: {} }),
      authenticator,
      timeout: CONNECT_DEADLINE,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT,
      pingInterval: PING_INTERVAL,
      maxPingOut: 2,
      name: 'session-ledger-mcp',
    });
    const subscription = connection.subscribe(agentSubjects(agentId), {
      callback: (error, message) => {
        const event = error === null ? parseEvent(message.string()) : null;
        if (event !== null) options.listener.hear(event);
      },
    });
    await connection.flush();
    if (subscription.isClosed()) {
      await connection.close();
      throw new Error('this user may not hear the agent’s subjects');
    }
    const updates = new NatsUpdates(connection, options);
    updates.watchAccess();
    void updates.follow();
    return updates;
  }

  async close(): Promise<void> {
    await this.connection.close().catch(() => undefined);
  }

  /** Asks for the next access in time; called again when there is one. Counts from now, so no clock need be right. */
  watchAccess(): void {
    const access = this.options.access();
    if ('expiresIn' in access) this.renewAccessIn(Math.min(access.expiresIn * 1000 * RENEW_SHARE, LONGEST_WAIT));
  }

  private renewAccessIn(wait: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.options.renewAccess();
      this.renewAccessIn(RENEW_RETRY);
    }, wait).unref();
  }

  private async follow(): Promise<void> {
    const { connection, ended, listener, log } = this.options;
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') {
        log.info('NATS is gone; the updates come over SSE until it is back.');
        connection(false);
      } else if (status.type === 'reconnect') {
        connection(true);
        listener.opened(false);
      }
    }
    if (this.timer !== null) clearTimeout(this.timer);
    connection(false);
    ended();
  }
}
