/**
 * A notifier in a process of its own that is told by lines on stdin what to do and kills itself at a given point: from outside
 * the kill would come some moments later. Works on the database of `DATABASE_URL`.
 */
import { createInterface } from 'node:readline';
import type { CloudEvent } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger } from '#libs/ledger';
import { createLogger, createMetrics } from '#libs/platform';
import { SecretBox } from '#libs/tokens';
import { Notifier } from '../../../apps/notifier/src/notifier.js';
import type { ProbePoint } from '../../../apps/notifier/src/send-deliveries/probe-points.js';
import { dueSessionCommands } from '../../../apps/notifier/src/sweep/due-session-commands.js';
import { TEST_SEAL_KEY } from './test-seal-key.js';

export type Order =
  | { do: 'start' }
  /** `kill -9` when this point is reached for the so-manieth time; who comes there earlier stays there. */
  | { do: 'arm'; point: ProbePoint; times: number }
  /** Say how many bytes of memory the process holds. */
  | { do: 'measure' }
  /** Take events in as the log brings them. */
  | { do: 'take'; events: CloudEvent[] };

let armed: { point: ProbePoint; left: number } | null = null;

const database = await Database.open({
  url: process.env['DATABASE_URL']!,
  applicationName: 'killed notifier',
  poolSize: 6,
});
const notifier = new Notifier({
  database,
  box: SecretBox.open({ base64: TEST_SEAL_KEY }),
  logger: createLogger({ service: 'notifier', level: 'silent' }),
  metrics: createMetrics('notifier'),
  commands: dueSessionCommands(createLedger(database)),
  allowedTargets: ['127.0.0.0/8'],
  sweepSeconds: 60,
  leaseSeconds: 0.5,
  probe: async (point) => {
    if (armed === null) process.stdout.write(`passed ${point}\n`);
    if (armed === null || point !== armed.point) return;
    armed.left -= 1;
    if (armed.left === 0) process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  },
});

async function obey(order: Order): Promise<void> {
  if (order.do === 'start') {
    notifier.start();
    process.stdout.write('started\n');
  } else if (order.do === 'arm') {
    armed = { point: order.point, left: order.times };
  } else if (order.do === 'measure') {
    globalThis.gc?.();
    process.stdout.write(`rss ${process.memoryUsage.rss()}\n`);
  } else {
    await notifier.intake.apply(order.events);
    process.stdout.write('acked\n');
  }
}

createInterface({ input: process.stdin }).on('line', (line) => void obey(JSON.parse(line) as Order));
process.stdout.write('ready\n');
