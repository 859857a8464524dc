import { randomUUID } from 'node:crypto';
import { agentStream, sessionStream, type EventData, type RecordedEvent } from '#libs/contracts';
import { Database, type PoolClient } from '#libs/database';
import { createLedger, type Ledger, type NewEvent, sequence } from '#libs/ledger';
import { loadConfig, type Config } from '#libs/platform';
import { evolve } from '#libs/session';
import { createTestDatabase, until } from '#libs/testing';

/** A ledger in a database of its own. */
export interface LogFixture extends AsyncDisposable {
  url: string;
  database: Database;
  ledger: Ledger;
}

export async function createLog(poolSize = 20): Promise<LogFixture> {
  const place = await createTestDatabase();
  const database = await Database.open({ url: place.url, applicationName: 'fault test', poolSize });
  return {
    url: place.url,
    database,
    ledger: createLedger(database),
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

export function agentEnabled(agentId: string): NewEvent {
  return { id: randomUUID(), time: Date.now(), type: 'AgentEnabled', data: { agentId } };
}

/** Appends one event at the end of an agent's stream; answers its id. */
export async function appendTo(ledger: Ledger, agentId: string = randomUUID()): Promise<string> {
  const event = agentEnabled(agentId);
  const streams = [{ streamId: agentStream(agentId), expectedVersion: null, events: [event] }];
  await ledger.append({ streams, actor: 'owner', requestId: 'fault test' });
  return event.id;
}

/** Creates a session whose head is the fold of its event; answers its id. */
export async function createSession(ledger: Ledger): Promise<string> {
  const [sessionId, agentId] = [randomUUID(), randomUUID()];
  const at = '2026-11-21T00:00:00Z';
  const data: EventData['SessionCreated'] = {
    sessionId,
    agentId,
    agentName: 'courier',
    generation: 0,
    tokenHeader: '{}',
    tokenPayload: '{}',
    tokenHash: 'a'.repeat(64),
    expiresIn: 3600,
    issuedAt: at,
    expiresAt: '2026-11-21T01:00:00Z',
    absoluteExpiresAt: '2026-12-21T00:00:00Z',
    maxRenewals: 30,
    renewalRejectWindow: 3600,
    constraints: {},
  };
  const event = { type: 'SessionCreated' as const, data };
  await ledger.append({
    streams: [
      {
        streamId: sessionStream(sessionId),
        expectedVersion: 0,
        events: [{ ...event, id: randomUUID(), time: Date.parse(at) }],
      },
    ],
    heads: { sessions: [{ ...evolve(null, event), dueAt: null }] },
    actor: 'owner',
    requestId: 'fault test',
  });
  return sessionId;
}

/** Appends many at once, a few at a time. */
export async function appendMany(ledger: Ledger, count: number, agents = 50): Promise<void> {
  const ids = Array.from({ length: agents }, () => randomUUID());
  let next = 0;
  const worker = async () => {
    while (next < count) await appendTo(ledger, ids[next++ % agents]);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/**
 * Gives exactly so many events their position and answers them. The databases of other tests share the cluster: their
 * transactions hold the horizon too, so the newest events may get their place a moment later.
 */
export async function sequenceCount(client: PoolClient, count: number): Promise<RecordedEvent[]> {
  const given: RecordedEvent[] = [];
  await until(
    async () => {
      given.push(...(await sequence(client, count - given.length)));
      return given.length === count;
    },
    { describe: `${count} events to be sequenced` },
  );
  return given;
}

/** Configuration of services on the test's servers; the same sealing key for all. */
export function serviceConfig(databaseUrl: string, natsUrl: string, more: Record<string, string> = {}): Config {
  const LEDGER_SEAL_KEY = Buffer.alloc(32, 7).toString('base64');
  return loadConfig({ DATABASE_URL: databaseUrl, NATS_URL: natsUrl, LEDGER_SEAL_KEY, ...more });
}
