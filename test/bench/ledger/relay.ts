import { mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { sessionStream, STREAM } from '#libs/contracts';
import type { Database } from '#libs/database';
import { EmbeddedNats } from '#libs/embedded';
import { createLedger, lastPosition, type Ledger } from '#libs/ledger';
import { appendHint, connectNats } from '#libs/messaging';
import { createLogger, loadConfig } from '#libs/platform';
import { until } from '#libs/testing';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { renewal, sessionHead } from './sessions.js';
import { quantile } from './statistics.js';

export interface RelayResult {
  /** Events per second from the store into JetStream. */
  relay: number;
  /** From the call of `append` to the consumer, milliseconds. */
  latency: { rate: number; p50: number; p99: number; events: number };
}

const SECONDS = 5;
const TICK_MS = 5;
const TIMEOUT_MS = 300_000;
const STREAMS = 500;

/** The real sequencer with a nats-server: how fast it relays what is there, then how late a consumer hears of an event at `rate` a second. */
export async function relayAndLatency(
  { database, url, rate }: { database: Database; url: string; rate: number },
  tell: (line: string) => void,
): Promise<RelayResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'session-ledger-bench-nats-'));
  await using nats = await EmbeddedNats.start({ dataDir, cacheDir: join(homedir(), '.cache', 'session-ledger') });
  const connection = await connectNats({ url: nats.url, name: 'bench' });
  const sealKey = Buffer.alloc(32, 1).toString('base64');
  const config = loadConfig({ DATABASE_URL: url, NATS_URL: nats.url, LEDGER_SEAL_KEY: sealKey });
  const sequencer = await startSequencer({ config, logger: createLogger({ service: 'bench', level: 'silent' }) });
  try {
    const relay = await relayRate(connection, await lastPosition(database));
    tell(`  relayed at ${Math.round(relay)}/s`);
    const ledger = createLedger(database, { onAppended: appendHint(connection) });
    const latency = await latencyAt(ledger, connection, rate);
    tell(`  ${latency.events} events heard at ${Math.round(latency.rate)}/s`);
    return { relay, latency };
  } finally {
    await sequencer.close();
    await connection.close();
  }
}

async function relayRate(connection: NatsConnection, end: number): Promise<number> {
  const manager = await jetstreamManager(connection);
  const reached = async () => (await manager.streams.info(STREAM).catch(() => null))?.state.last_seq ?? 0;
  const first = await until(reached, { timeoutMs: TIMEOUT_MS, describe: 'the relay to begin' });
  const started = performance.now();
  await until(async () => (await reached()) === end, { timeoutMs: TIMEOUT_MS, describe: 'all to be relayed' });
  return ((end - first) * 1000) / (performance.now() - started);
}

async function latencyAt(ledger: Ledger, connection: NatsConnection, rate: number): Promise<RelayResult['latency']> {
  const sent = new Map<string, number>();
  const times: number[] = [];
  const consumer = await jetstream(connection).consumers.get(STREAM, { deliver_policy: DeliverPolicy.New });
  const messages = await consumer.consume({
    callback: (message) => {
      const { id } = message.json<{ id: string }>();
      const at = sent.get(id);
      if (at !== undefined) times.push(performance.now() - at);
    },
  });
  const started = performance.now();
  const appends: Promise<unknown>[] = [];
  for (let elapsed = 0; elapsed < SECONDS * 1000; elapsed = performance.now() - started) {
    while (appends.length < (elapsed * rate) / 1000) appends.push(appendOne(ledger, sent, appends.length % STREAMS));
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(appends);
  const seconds = (performance.now() - started) / 1000;
  await until(() => times.length >= sent.size, { timeoutMs: TIMEOUT_MS, describe: 'all events to be heard' });
  await messages.close();
  return { rate: sent.size / seconds, events: sent.size, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** A renewal's event at the end of a stream; no head, which no reader of the log looks at. */
function appendOne(ledger: Ledger, sent: Map<string, number>, stream: number): Promise<unknown> {
  const sessionId = `00000000-0000-7000-9000-${String(stream).padStart(12, '0')}`;
  const event = renewal(sessionHead(sessionId, 2));
  sent.set(event.id, performance.now());
  const streams = [{ streamId: sessionStream(sessionId), expectedVersion: null, events: [event] }];
  return ledger.append({ streams, actor: 'owner', requestId: 'benchmark' });
}
