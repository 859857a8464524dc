import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { agentStream } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, lastPosition } from '#libs/ledger';
import { createLogger } from '#libs/platform';
import { createTestDatabase, startTestNats, until } from '#libs/testing';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { agentEnabled, serviceConfig } from './log-fixture.js';
import { settableClock } from './settable-clock.js';

const HOUR_MS = 3_600_000;
const CALLERS = 8;

it('a database clock that steps back: order and times hold, nothing is half-written, log line and metric name the step', async () => {
  await using place = await createTestDatabase();
  await using clock = await settableClock(place.url);
  await using nats = await startTestNats();
  await using database = await Database.open({ url: place.url, applicationName: 'clock', poolSize: CALLERS });
  const ledger = createLedger(database);
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'test', level: 'info', destination });
  const service = await startSequencer({ config: serviceConfig(place.url, nats.url), logger });
  const metric = async () =>
    Number(
      /ledger_clock_step_seconds\{[^}]*\} (-?\d+)/.exec(await (await fetch(`${service.url}/metrics`)).text())?.[1],
    );

  // Each caller appends to a stream of its own, two events at once, by the database's time; it remembers the order.
  const agents = Array.from({ length: CALLERS }, () => randomUUID());
  const order = new Map<string, string[]>(agents.map((agentId) => [agentId, []]));
  let appending = true;
  const caller = async (agentId: string) => {
    while (appending) {
      const time = await ledger.now();
      const events = [agentEnabled(agentId), agentEnabled(agentId)].map((event) => ({ ...event, time }));
      const streams = [{ streamId: agentStream(agentId), expectedVersion: null, events }];
      await ledger.append({ streams, actor: 'owner', requestId: 'clock' });
      order.get(agentId)?.push(...events.map(({ id }) => id));
    }
  };
  const callers = agents.map(caller);
  const grown = async () => {
    const goal = (await lastPosition(database)) + 100;
    await until(async () => (await lastPosition(database)) > goal, { describe: 'the log to grow' });
  };
  try {
    await until(async () => (await metric()) === 0, { describe: 'the clock to be watched' });
    await grown();
    await clock.set(-2 * HOUR_MS);
    await grown();
    // Told is the least that it can have been: how long the answers took is taken off.
    const told = async () => (await metric()) <= -7100 && (await metric()) >= -7205;
    await until(told, { describe: 'the metric of the step' });
    await clock.set(0);
    await grown();
    await until(async () => (await metric()) === 0, { describe: 'the step to be undone' });
    appending = false;
    await Promise.all(callers);
    const count = [...order.values()].flat().length;
    await until(async () => (await lastPosition(database)) === count, { describe: 'all to have their place' });

    const steps = lines
      .map((line) => JSON.parse(line) as { code?: string; stepMs: number; msg: string })
      .filter(({ code }) => code === 'CLOCK_STEPPED');
    expect(steps.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^CLOCK_STEPPED: the database clock was set 7\d\d\d s back\. .*set it right$/),
      expect.stringMatching(/^CLOCK_STEPPED: the database clock was set 7\d\d\d s forward, to where it was$/),
    ]);
    const entries = await ledger.readLog({ after: 0, limit: count + 1 });
    expect(entries.map(({ position }) => position)).toEqual(entries.map((_, index) => index + 1));
    for (const [agentId, ids] of order) {
      const stored = entries.filter(({ streamId }) => streamId === agentStream(agentId));
      expect(stored.map(({ id }) => id)).toEqual(ids);
      expect(stored.map(({ version }) => version)).toEqual(ids.map((_, index) => index + 1));
      const times = stored.map(({ time }) => Date.parse(time));
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
    // The step was a real one: without the store's care times would have gone back.
    const [row] = await database.query<{ same: number }>(
      `select max(n)::int as same from (select count(*) as n from ledger.event group by stream_id, occurred_at) x`,
    );
    expect(row?.same).toBeGreaterThan(2);
  } finally {
    appending = false;
    await Promise.allSettled(callers);
    await service.close();
  }
});
