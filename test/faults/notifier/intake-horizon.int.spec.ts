import { expect, it } from '@jest/globals';
import { IdWatch } from '../ledger/held-ids.js';
import { NotifierFixture } from './notifier-fixture.js';

const EVENTS = 500;
const CHANNELS = 10;
/** The design allows a second; this leaves room for a machine that is busy. */
const MOST_MS = 500;

it(`${EVENTS} events for ${CHANNELS} channels are taken in without holding a transaction id for long: nothing is sequenced meanwhile`, async () => {
  await using fixture = await NotifierFixture.start({ sweepSeconds: 3600 });
  await fixture.notifier.close();
  for (let n = 0; n < CHANNELS; n++) await fixture.webhook('http://127.0.0.1:9/');
  const session = await fixture.warnedSession();
  const events = Array.from({ length: EVENTS }, () => fixture.expiringSoon(session));
  const watch = await IdWatch.start(fixture.testDatabase.url, 'notifier test');
  const started = performance.now();
  await fixture.takeIn(...events);
  const took = performance.now() - started;
  await watch[Symbol.asyncDispose]();
  const { longestMs: held, seen } = watch.held;
  const [row] = await fixture.database.query<{ count: number }>(
    'select count(*)::int as count from deliveries.delivery',
  );
  expect(row).toEqual({ count: EVENTS * CHANNELS });
  process.stdout.write(`${EVENTS} events taken in: ${Math.round(took)} ms, an id held for ${Math.round(held)} ms\n`);
  expect(seen).toBeGreaterThan(0);
  // Where the machine takes long for all of it, no more than a third of that.
  expect(held).toBeLessThan(Math.max(MOST_MS, took / 3));
});
