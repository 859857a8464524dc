import { homedir } from 'node:os';
import { join } from 'node:path';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { LOG, sessionStream, STREAM } from '#libs/contracts';
import type { Database } from '#libs/database';
import { EmbeddedNats } from '#libs/embedded';
import { createLedger, lastPosition, type Ledger } from '#libs/ledger';
import { appendHint, connectNats } from '#libs/messaging';
import { createLogger, loadConfig } from '#libs/platform';
import { until } from '#libs/testing';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import type { Progress } from './progress.js';
import { renewal, sessionHead } from './sessions.js';
import { quantile } from './statistics.js';
import { createSessions } from './warm.js';

export interface RelayResult {
  /** Events per second from the store into JetStream. */
  relay: number;
  /** From the call of `append` to the consumer, milliseconds. */
  latency: Latency;
}

interface Latency {
  rate: number;
  events: number;
  p50: number;
  p99: number;
  /** A bare insert by the same process on the same pool in the same seconds: what the machine alone makes late. */
  bare: { p50: number; p99: number };
}

const SECONDS = 10;
/** Before that nothing counts: the first events meet cold code and new connections. */
const WARM_UP_SECONDS = 2;
/** Every so many events a bare insert beside them. */
const BARE_EVERY = 20;
const TICK_MS = 5;
const TIMEOUT_MS = 300_000;
const STREAMS = 500;

/** The real sequencer with a nats-server: how fast it relays what is there, then how late a consumer hears of an event at `rate` a second. */
export async function relayAndLatency(
  { database, url, rate, dataDir }: { database: Database; url: string; rate: number; dataDir: string },
  progress: Progress,
): Promise<RelayResult> {
  progress.say('relay and latency');
  await createSessions(
    createLedger(database),
    Array.from({ length: STREAMS }, (_, stream) => idOf(stream)),
  );
  while ((await database.query('select from ledger.sequence($1, 5000)', [LOG])).length > 0);
  await using nats = await EmbeddedNats.start({ dataDir, cacheDir: join(homedir(), '.cache', 'session-ledger') });
  const connection = await connectNats({ url: nats.url, name: 'bench' });
  const sealKey = Buffer.alloc(32, 1).toString('base64');
  const config = loadConfig({ DATABASE_URL: url, NATS_URL: nats.url, LEDGER_SEAL_KEY: sealKey });
  const sequencer = await startSequencer({ config, logger: createLogger({ service: 'bench', level: 'silent' }) });
  try {
    const end = await lastPosition(database);
    const relay = await relayRate(connection, end, (done) => progress.at('relaying', done, end));
    progress.say(`  relayed at ${Math.round(relay)}/s`);
    const ledger = createLedger(database, { onAppended: appendHint(connection) });
    const latency = await latencyAt({ ledger, database, connection, rate, progress });
    progress.say(`  ${latency.events} events heard at ${Math.round(latency.rate)}/s`);
    return { relay, latency };
  } finally {
    await sequencer.close();
    await connection.close();
  }
}

async function relayRate(connection: NatsConnection, end: number, onProgress: (done: number) => void): Promise<number> {
  const manager = await jetstreamManager(connection);
  const reached = async () => (await manager.streams.info(STREAM).catch(() => null))?.state.last_seq ?? 0;
  const first = await until(reached, { timeoutMs: TIMEOUT_MS, describe: 'the relay to begin' });
  const started = performance.now();
  const isDone = async () => {
    const done = await reached();
    onProgress(done);
    return done >= end;
  };
  await until(isDone, { timeoutMs: TIMEOUT_MS, describe: 'all to be relayed' });
  return ((end - first) * 1000) / (performance.now() - started);
}

interface LatencyOptions {
  ledger: Ledger;
  database: Database;
  connection: NatsConnection;
  /** Appends a second. */
  rate: number;
  progress: Progress;
}

async function latencyAt({ ledger, database, connection, rate, progress }: LatencyOptions): Promise<Latency> {
  const sent = new Map<string, number>();
  const times: { sent: number; took: number }[] = [];
  const bare: { sent: number; took: number }[] = [];
  const consumer = await jetstream(connection).consumers.get(STREAM, { deliver_policy: DeliverPolicy.New });
  const messages = await consumer.consume({
    callback: (message) => {
      const { id } = message.json<{ id: string }>();
      const at = sent.get(id);
      if (at !== undefined) times.push({ sent: at, took: performance.now() - at });
    },
  });
  const started = performance.now();
  const all = (WARM_UP_SECONDS + SECONDS) * 1000;
  const appends: Promise<unknown>[] = [];
  const inserts: Promise<unknown>[] = [];
  for (let elapsed = 0; elapsed < all; elapsed = performance.now() - started) {
    while (appends.length < (elapsed * rate) / 1000) {
      if (appends.length % BARE_EVERY === 0) inserts.push(bareInsert(database, bare));
      appends.push(appendOne(ledger, sent, appends.length % STREAMS));
    }
    progress.at('append to consumer', elapsed, all);
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all([...appends, ...inserts]);
  const seconds = (performance.now() - started) / 1000;
  await until(() => times.length >= sent.size, { timeoutMs: TIMEOUT_MS, describe: 'all events to be heard' });
  await messages.close();
  const counted = (list: typeof times) =>
    list.filter((one) => one.sent >= started + WARM_UP_SECONDS * 1000).map(({ took }) => took);
  const both = (list: number[]) => ({ p50: quantile(list, 0.5), p99: quantile(list, 0.99) });
  return { rate: sent.size / seconds, events: sent.size, ...both(counted(times)), bare: both(counted(bare)) };
}

async function bareInsert(database: Database, times: { sent: number; took: number }[]): Promise<void> {
  const sent = performance.now();
  const text = 'insert into baseline.plain (stream_id, payload) values ($1, $2)';
  await database.prepared('baseline.plain', text, ['bare', 'x'.repeat(800)]);
  times.push({ sent, took: performance.now() - sent });
}

/** Sessions beside those of the ladder. */
function idOf(stream: number): string {
  return `00000000-0000-7000-9000-${String(stream).padStart(12, '0')}`;
}

/** A renewal's event at the end of a stream; no head, which no reader of the log looks at. */
function appendOne(ledger: Ledger, sent: Map<string, number>, stream: number): Promise<unknown> {
  const sessionId = idOf(stream);
  const event = renewal(sessionHead(sessionId, 2));
  sent.set(event.id, performance.now());
  const streams = [{ streamId: sessionStream(sessionId), expectedVersion: null, events: [event] }];
  return ledger.append({ streams, actor: 'owner', requestId: 'benchmark' });
}
