import { sessionStream, toCloudEvent, type CloudEvent } from '#libs/contracts';
import { createLogger, newId } from '#libs/platform';
import { SmtpReceiver, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { dueSessionCommands } from '../../../apps/notifier/src/sweep/due-session-commands.js';
import { Sweep } from '../../../apps/notifier/src/sweep/sweep.js';
import { NotifierFixture } from '../../faults/notifier/notifier-fixture.js';
import type { BenchPostgres } from './bench-database.js';
import type { BenchRow } from './rows.js';

const WEBHOOKS = 50;
const BATCH = 500;

/**
 * All sessions fall due at once: the sweep records each, then the alerts go to one chat, one mailbox and 50 webhooks, each of
 * which has its share of the agents; of the webhooks one hangs and one says that it is too much.
 */
export async function measureBurst(postgres: BenchPostgres, sessions: number): Promise<BenchRow[]> {
  await using fixture = await NotifierFixture.start({ sweepSeconds: 3600 }, await postgres.fresh());
  const receivers: WebhookReceiver[] = [];
  const agents: string[] = [];
  for (let n = 0; n < WEBHOOKS; n++) {
    const receiver = await WebhookReceiver.start();
    if (n === 0) receiver.respond(() => ({ instead: 'hang' }));
    if (n === 1) receiver.respond(() => ({ status: 429, headers: { 'retry-after': '30' } }));
    const agentId = newId();
    await fixture.registerAgent(agentId, Math.floor(Date.now() / 1000));
    await fixture.webhook(receiver.url, { agents: [agentId] });
    receivers.push(receiver);
    agents.push(agentId);
  }
  await using smtp = await SmtpReceiver.start();
  await using telegram = await TelegramStandIn.start();
  await fixture.email(smtp.url);
  await fixture.telegram(telegram.apiRoot);
  // Six days of seven have passed and nobody renews: each is due for its warning.
  const ids: string[] = [];
  for (const agentId of agents) {
    const wish = { agentId, issuedAgo: 540_000, maxRenewals: 0 };
    ids.push(...(await fixture.sessions(Math.ceil(sessions / WEBHOOKS), wish)));
  }

  const sweepStarted = Date.now();
  const commands = dueSessionCommands(fixture.ledger);
  const logger = createLogger({ service: 'bench', level: 'silent' });
  await new Sweep({ database: fixture.database, logger, commands }).pass(new AbortController().signal);
  const swept = (Date.now() - sweepStarted) / 1000;

  const events: CloudEvent[] = [];
  for (const id of ids) {
    const stored = (await fixture.ledger.readStream(sessionStream(id))).at(-1)!;
    if (stored.type !== 'SessionExpiringSoon') throw new Error(`session ${id} was not announced`);
    events.push(toCloudEvent({ ...stored, position: events.length + 1 }, 'https://ledger.example.test'));
  }
  const started = Date.now();
  for (let at = 0; at < events.length; at += BATCH) await fixture.takeIn(...events.slice(at, at + BATCH));
  const takenIn = (Date.now() - started) / 1000;
  const healthy = receivers.slice(2);
  const wanted = ids.length;
  const perWebhook = sessions / WEBHOOKS;
  await until(() => healthy.every(({ received }) => received.length >= perWebhook), {
    describe: 'the healthy webhooks',
    timeoutMs: 300_000,
  });
  const healthyDone = (Date.now() - started) / 1000;
  const told = (): number =>
    telegram.messages.reduce((sum, { text, document }) => sum + idsIn(`${text}${document ?? ''}`), 0);
  const mailed = (): number => smtp.received.reduce((sum, { mail }) => sum + idsIn(mail.text ?? ''), 0);
  await until(() => told() >= wanted && mailed() >= wanted, { describe: 'chat and mailbox', timeoutMs: 300_000 });
  const allDone = (Date.now() - started) / 1000;
  const exact = told() === wanted && mailed() === wanted;
  for (const receiver of receivers) await receiver[Symbol.asyncDispose]();
  return [
    {
      figure: `${sessions} due sessions recorded by the sweep`,
      value: swept,
      unit: 's',
      goal: '< 60 s',
      met: swept < 60,
    },
    { figure: `${sessions} alerts taken in`, value: takenIn, unit: 's' },
    { figure: 'healthy webhooks done', value: healthyDone, unit: 's', goal: '< 60 s', met: healthyDone < 60 },
    {
      figure: 'chat and mailbox done, every session in exactly one message',
      value: allDone,
      unit: 's',
      goal: 'exact',
      met: exact,
    },
    {
      figure: 'messages to the chat',
      value: telegram.messages.length,
      unit: '',
      goal: '≤ 100',
      met: telegram.messages.length <= 100,
    },
  ];
}

function idsIn(text: string): number {
  return (text.match(/ · [0-9a-f]{8}-[0-9a-f]{4}-7|Session: [0-9a-f]{8}-[0-9a-f]{4}-7/g) ?? []).length;
}
