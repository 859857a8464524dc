import { type NatsConnection } from '@nats-io/transport-node';
import { agentSubjects } from '#libs/contracts';
import { type Log } from '../log.js';
import { type NatsAccess } from './nats-access.js';
import { parseEvent } from './parse-event.js';
import { type UpdateListener } from './update-listener.js';

export interface NatsUpdatesOptions {
  access: NatsAccess;
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

/** The agent's events over core NATS: subscribes, publishes nothing, asks nothing. */
export class NatsUpdates {
  private constructor(private readonly connection: NatsConnection) {}

  /** Connects and subscribes. Throws when the server cannot be reached or refuses. */
  static async open(options: NatsUpdatesOptions): Promise<NatsUpdates> {
    // Loaded only where it is used: it costs memory that most desktops need not spend.
    const { connect } = await import('@nats-io/transport-node');
    const { access, agentId } = options;
    const connection = await connect({
      servers: access.servers,
      user: access.user,
      pass: access.password,
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
    const updates = new NatsUpdates(connection);
    void updates.follow(options);
    return updates;
  }

  async close(): Promise<void> {
    await this.connection.close().catch(() => undefined);
  }

  private async follow({ connection, ended, listener, log }: NatsUpdatesOptions): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') {
        log.info('NATS is gone; the updates come over SSE until it is back.');
        connection(false);
      } else if (status.type === 'reconnect') {
        connection(true);
        listener.opened(false);
      }
    }
    connection(false);
    ended();
  }
}
