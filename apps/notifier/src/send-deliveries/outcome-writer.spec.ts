import { expect, it } from '@jest/globals';
import type { Database } from '#libs/database';
import type { AttemptResult } from '#libs/deliveries';
import { createLogger } from '#libs/platform';
import { OutcomeWriter } from './outcome-writer.js';

it('leaves open, when it is to stop, what a database that is away does not take', async () => {
  let tries = 0;
  const transaction = () => Promise.reject(new Error(`away, try ${++tries}`));
  const logger = createLogger({ service: 'notifier', level: 'silent' });
  const writer = new OutcomeWriter({ transaction } as unknown as Database, logger, () => undefined);
  const message = { deliveryId: 'd', members: [] } as unknown as AttemptResult['message'];
  const written = writer.write({ message, outcome: { kind: 'delivered' } });
  // Whoever waits for it waits as long as it is tried; at a stop nobody has closed the writer yet.
  writer.hurry(0);
  await written;
  expect(tries).toBeGreaterThan(0);
  await writer.close();
});
