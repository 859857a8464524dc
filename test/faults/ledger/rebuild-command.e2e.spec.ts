import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { STREAM } from '#libs/contracts';
import { createLedger, lastPosition } from '#libs/ledger';
import { appendHint, connectNats } from '#libs/messaging';
import { auditPosition, queryAudit } from '#libs/read-models';
import {
  type RunningProcess,
  startProcess,
  startTestNats,
  testEnvironment,
  testLogger,
  type TestNats,
  until,
} from '#libs/testing';
import { startProjector } from '../../../apps/projector/src/start-projector.js';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { fillLog } from './fill-log.js';
import { IdWatch } from './held-ids.js';
import { appendTo, createLog, type LogFixture, serviceConfig } from './log-fixture.js';

/** The promise is of 1,000,000 events, at a few hundred appends a second. */
const EVENTS = Number(process.env['REBUILD_EVENTS'] ?? 20_000);
const RATE = Number(process.env['REBUILD_RATE'] ?? 200);
const IS_FULL = EVENTS >= 1_000_000;
/** Appends under way at most. */
const AT_ONCE = 10;
const APPLICATION = 'session-ledger rebuild';
/** No transaction of ours keeps an id for longer while the log runs. */
const LONGEST_MS = 1_000;
const P99_MS = 500;
const TIMEOUT_MS = 600_000;

const logger = testLogger('test');
let nats: TestNats;
let log: LogFixture;

beforeAll(async () => {
  nats = await startTestNats();
  log = await createLog();
}, TIMEOUT_MS);
afterAll(async () => {
  await log?.[Symbol.asyncDispose]();
  await nats?.[Symbol.asyncDispose]();
});

function environment(): Record<string, string> {
  return { DATABASE_URL: log.url, LEDGER_DATA_DIR: mkdtempSync(join(testEnvironment().runDir, 'rebuild-')) };
}

/** The command as its user types it. */
function rebuildCommand(...args: string[]): Promise<RunningProcess> {
  return startProcess('npm', { args: ['run', '--silent', 'rebuild', '--', ...args], env: environment() });
}

async function liveGeneration(model: string): Promise<number> {
  const text = 'select generation from read_model.generation where live and model = $1';
  const [row] = await log.database.query<{ generation: number }>(text, [model]);
  return row?.generation ?? 0;
}

/** Appends at a steady rate and hears every event by a JetStream consumer, until it is stopped. */
async function startLoad() {
  const connection = await connectNats({ url: nats.url, name: 'load' });
  const ledger = createLedger(log.database, { onAppended: appendHint(connection) });
  const sent = new Map<string, number>();
  const heard: { id: string; sequence: number; at: number }[] = [];
  // What was appended before may still be on its way into the stream: the projector had it from the store.
  // It has to be there first: a start beyond the end of the stream is taken as its end.
  const { streams } = await jetstreamManager(connection);
  const before = await lastPosition(log.database);
  await until(async () => (await streams.info(STREAM)).state.last_seq >= before, { describe: 'the relay to be done' });
  const consumer = await jetstream(connection).consumers.get(STREAM, {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: before + 1,
  });
  const messages = await consumer.consume({
    callback: (message) => {
      const { id } = message.json<{ id: string }>();
      heard.push({ id, sequence: message.seq, at: performance.now() });
    },
  });
  let running = true;
  let underWay = 0;
  const appends: Promise<void>[] = [];
  const sending = (async () => {
    const started = performance.now();
    for (let count = 0; running;) {
      for (; count < ((performance.now() - started) * RATE) / 1000; count += 1) {
        const at = performance.now();
        // A machine that cannot keep up gets fewer, not a queue.
        if (underWay === AT_ONCE) continue;
        underWay += 1;
        const noted = appendTo(ledger).then((id) => void sent.set(id, at));
        appends.push(noted.finally(() => (underWay -= 1)));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.all(appends);
  })();
  return {
    sent,
    heard,
    async stop() {
      running = false;
      await sending;
      await until(() => heard.length >= sent.size, { describe: 'all events to be heard' });
      await messages.close();
      await connection.close();
    },
  };
}

/** Searches again and again; answers how many events each page had. */
function keepReading() {
  let running = true;
  const pages: number[] = [];
  const reading = (async () => {
    while (running) {
      const page = await queryAudit(log.database, { limit: 50 }, { source: 'urn:test', agents: null });
      pages.push(page.items.length);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => {
    running = false;
    await reading;
    return pages;
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

describe('npm run rebuild', () => {
  it.each([
    [[], /^Name the read model to rebuild: audit or current_token\.$/m],
    [['sessions'], /^There is no read model sessions: audit or current_token\.$/m],
  ])('refuses %j and lists what there is', async (args, message) => {
    const command = await rebuildCommand(...args);
    expect(await command.exited).toMatchObject({ code: 1 });
    expect(command.stderr).toMatch(message);
    expect(command.stderr).toContain('Usage: npm run rebuild -- <read model>');
    expect(command.stdout).toBe('');
  });

  it(
    `folds ${EVENTS} events anew under load: reads go on, no event waits for it, progress is seen`,
    async () => {
      const started = performance.now();
      const tell = (what: string) =>
        IS_FULL && process.stdout.write(`${((performance.now() - started) / 1000).toFixed(0)} s: ${what}\n`);
      await fillLog(log.url, EVENTS);
      tell('filled');
      const config = serviceConfig(log.url, nats.url);
      const services = [await startSequencer({ config, logger }), await startProjector({ config, logger })];
      try {
        await appendTo(log.ledger);
        await until(async () => (await auditPosition(log.database)) === EVENTS + 1, {
          timeoutMs: TIMEOUT_MS,
          describe: 'the services to be at work',
        });
        tell('sequencer and projector at work');
        const before = await liveGeneration('audit');
        const load = await startLoad();
        const stopReading = keepReading();
        await until(() => load.heard.length > 20, { describe: 'the load to flow' });
        const watch = await IdWatch.start(log.url, APPLICATION);
        const atStart = load.heard.length;
        const command = await rebuildCommand('audit');
        const exit = await command.exited;
        tell('rebuilt');
        const during = load.heard.slice(atStart);
        await watch[Symbol.asyncDispose]();
        const pages = await stopReading();
        await load.stop();

        expect(command.stderr).toBe('');
        expect(exit).toEqual({ code: 0, signal: null });
        const progress = [...command.stdout.matchAll(/\raudit [█░]{30} (\d+) % · (\d+) of (\d+)/g)].map((match) =>
          Number(match[2]),
        );
        expect(progress[0]).toBe(0);
        expect(progress.length).toBeGreaterThan(5);
        expect(progress).toEqual([...progress].sort((a, b) => a - b));
        expect(command.stdout).toMatch(/\naudit was rebuilt up to position \d+ and is live\.\n$/);
        expect(await liveGeneration('audit')).toBe(before + 1);

        expect(new Set(pages)).toEqual(new Set([50]));
        const sequences = load.heard.map(({ sequence }) => sequence);
        expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] ?? 0) + index));
        expect(new Set(load.heard.map(({ id }) => id))).toEqual(new Set(load.sent.keys()));

        const [longestMs = NaN] = watch.heldMs;
        const times = during.map(({ id, at }) => at - (load.sent.get(id) ?? 0));
        const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
        if (IS_FULL) {
          process.stdout.write(
            `${times.length} events during the rebuild: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ` +
              `most ${Math.max(...times).toFixed(0)} ms; an id was held ${longestMs.toFixed(0)} ms at most\n${command.stdout
                .split(/[\r\n]/)
                .slice(-4)
                .join('\n')}`,
          );
          expect(p99).toBeLessThan(P99_MS);
        }
        expect(watch.heldMs.length).toBeGreaterThan(2);
        expect(longestMs).toBeLessThan(LONGEST_MS);

        const end = await lastPosition(log.database);
        await until(async () => (await auditPosition(log.database)) === end, { describe: 'the projector to go on' });
        const wrong = await log.database.query(`
        select position from ledger.entry e join ledger.event v using (stream_id, version)
        full join read_model.audit a using (position)
        where a.stream_id is distinct from e.stream_id or a.version is distinct from e.version
          or a.reason is distinct from (v.payload::json ->> 'reason') limit 3`);
        expect(wrong).toEqual([]);
      } finally {
        for (const service of services.reverse()) await service.close();
      }
    },
    TIMEOUT_MS,
  );

  it('stops on Ctrl-C, says so, and leaves the live read model as it was', async () => {
    const before = await liveGeneration('audit');
    // Somebody reads and reads: the rebuilt one cannot take its place before the Ctrl-C, however late that comes.
    const reader = new pg.Client({ connectionString: log.url });
    await reader.connect();
    await reader.query('begin');
    await reader.query('select from read_model.audit limit 1');
    // What npm runs: a terminal's Ctrl-C reaches it together with npm.
    const args = [join('tools', 'run.mjs'), 'rebuild', 'audit'];
    const command = await startProcess(process.execPath, { args, env: environment() });
    await command.waitFor(/\raudit [█░]+ [1-9]/);
    command.signal('SIGINT');
    expect(await command.exited).toMatchObject({ code: 1 });
    await reader.end();
    expect(command.stderr).toContain('Stopped. The live read model is untouched.');
    expect(await liveGeneration('audit')).toBe(before);
  });
});
