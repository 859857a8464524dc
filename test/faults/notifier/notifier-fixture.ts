import pg from 'pg';
import { agentStream, sessionStream, toCloudEvent, type CloudEvent, type DomainEvent } from '#libs/contracts';
import { Database } from '#libs/database';
import {
  newWebhookSecret,
  type ChannelSecrets,
  type ClaimedMessage,
  type Member,
  type NewChannel,
} from '#libs/deliveries';
import { createLedger, type Ledger } from '#libs/ledger';
import { createMetrics, newId, type Registry } from '#libs/platform';
import { SecretBox } from '#libs/tokens';
import { BY_OWNER, createTestDatabase, registerSecret, type TestDatabase, testLogger, until } from '#libs/testing';
import {
  sessionRenewed,
  revokeSession,
  type SessionEvent,
  type SessionExpiringSoon,
  type SessionState,
} from '#libs/session';
import { Notifier, type NotifierParts } from '../../../apps/notifier/src/notifier.js';
import type { Sender } from '../../../apps/notifier/src/send-deliveries/sender.js';
import { TelegramSender } from '../../../apps/notifier/src/telegram/telegram-sender.js';
import { ExpectedAlerts } from './expected-alerts.js';
import { violationsOf, type Excuses } from './invariants.js';
import { appendTo, createdEvent, type SessionWish, TEXTS } from './sessions-in-ledger.js';
import { TEST_SEAL_KEY } from './test-seal-key.js';
import { WatchedChannels } from './watched-channels.js';
import { dueSessionCommands } from '../../../apps/notifier/src/sweep/due-session-commands.js';

/** Retries lie at the end of their step: 5 s after the first attempt, so that a case can look before it hurries them. */
const AT_THE_END = 0.999;
/** Of a step: far beyond the end of any case. */
const NEVER_BY_ITSELF = 100;

/** A real notifier on a real database; events are taken in as the reader of the log would hand them over. */
export class NotifierFixture implements AsyncDisposable {
  readonly metrics: Registry = createMetrics('notifier');
  notifier: Notifier;
  private position = 0;
  private shareOfStep = AT_THE_END;
  private readonly expected: ExpectedAlerts;
  private readonly excuses: Excuses = new Map();

  private constructor(
    readonly testDatabase: TestDatabase,
    readonly database: Database,
    readonly ledger: Ledger,
    readonly channels: WatchedChannels,
    readonly box: SecretBox,
    private readonly options: Partial<NotifierParts>,
  ) {
    this.notifier = this.newNotifier();
    this.expected = new ExpectedAlerts(database);
  }

  static async start(options: Partial<NotifierParts> = {}, given?: TestDatabase): Promise<NotifierFixture> {
    const testDatabase = given ?? (await createTestDatabase());
    const database = await Database.open({ url: testDatabase.url, applicationName: 'notifier test' });
    registerSecret('the sealing key of tests', TEST_SEAL_KEY);
    const box = SecretBox.open({ base64: TEST_SEAL_KEY });
    const channels = new WatchedChannels(database, box);
    const fixture = new NotifierFixture(testDatabase, database, createLedger(database), channels, box, options);
    fixture.notifier.start();
    return fixture;
  }

  /** For another notifier in the same process. */
  freshMetrics(): Registry {
    return createMetrics('notifier');
  }

  /** Another notifier on the same database. */
  newNotifier(options: Partial<NotifierParts> = {}): Notifier {
    return new Notifier({
      database: this.database,
      box: this.box,
      logger: testLogger('notifier'),
      metrics: options.metrics ?? this.metrics,
      commands: dueSessionCommands(this.ledger),
      allowedTargets: ['127.0.0.0/8', '::1'],
      sweepSeconds: 0.1,
      random: () => this.shareOfStep,
      ...this.options,
      ...options,
    });
  }

  async channel(secrets: ChannelSecrets, wish: Partial<NewChannel> = {}): Promise<string> {
    const name = wish.name ?? `${secrets.type} ${newId()}`;
    return (await this.channels.create({ priority: 100, enabled: true, ...wish, name }, secrets, BY_OWNER)).channel.id;
  }

  async webhook(url: string, wish: Partial<NewChannel> = {}): Promise<{ id: string; secret: string }> {
    const secret = newWebhookSecret();
    return { id: await this.channel({ type: 'webhook', config: { url, secret } }, wish), secret };
  }

  email(smtpUrl: string, wish: Partial<NewChannel> = {}): Promise<string> {
    const config = { smtpUrl, from: 'Ledger <ledger@example.test>', to: 'owner@example.test' };
    return this.channel({ type: 'email', config }, wish);
  }

  telegram(apiRoot: string, wish: Partial<NewChannel> = {}, chatId: number | string = 4711): Promise<string> {
    const config = { botToken: `7000000001:${'A'.repeat(35)}`, chatId, apiRoot };
    return this.channel({ type: 'telegram', config }, wish);
  }

  /** A session with its events in the ledger. */
  async session(wish: SessionWish = {}): Promise<SessionState> {
    const agentId = wish.agentId ?? newId();
    const now = await this.ledger.now();
    if (wish.agentId === undefined) await this.registerAgent(agentId, Math.floor(now / 1000));
    return this.append(null, [createdEvent({ ...wish, agentId }, now)]);
  }

  /** Many of one agent, a hundred in each append. */
  async sessions(count: number, wish: SessionWish & { agentId: string }): Promise<string[]> {
    const now = await this.ledger.now();
    const ids: string[] = [];
    while (ids.length < count) {
      const events = Array.from({ length: Math.min(100, count - ids.length) }, () => createdEvent(wish, now));
      await appendTo(
        this.ledger,
        events.map((event) => ({ state: null, events: [event] })),
        now,
      );
      ids.push(...events.map(({ data }) => data.sessionId));
    }
    return ids;
  }

  async registerAgent(agentId: string, createdAt: number): Promise<void> {
    const name = `agent ${agentId}`;
    const defaultConstraints = {};
    await this.ledger.append({
      streams: [
        {
          streamId: agentStream(agentId),
          expectedVersion: 0,
          events: [
            {
              type: 'AgentRegistered',
              data: { agentId, name, defaultConstraints },
              id: newId(),
              time: createdAt * 1000,
            },
          ],
        },
      ],
      heads: { agents: [{ agentId, name, enabled: true, defaultConstraints, createdAt, version: 1 }] },
      actor: 'owner',
      requestId: newId(),
    });
  }

  async renew(state: SessionState): Promise<SessionState> {
    const now = Math.floor((await this.ledger.now()) / 1000);
    const grant = {
      sessionId: state.sessionId,
      agentId: state.agentId,
      generation: state.generation + 1,
      issuedAt: now,
      expiresAt: now + state.expiresIn,
    };
    return this.append(state, [sessionRenewed(state, grant, TEXTS, { cause: 'renewal' })]);
  }

  async revoke(state: SessionState): Promise<SessionState> {
    const now = Math.floor((await this.ledger.now()) / 1000);
    return this.append(state, [revokeSession(state, { now, trigger: 'manual_revoke' })!]);
  }

  async append(state: SessionState | null, events: SessionEvent[]): Promise<SessionState> {
    const [next] = await appendTo(this.ledger, [{ state, events }], await this.ledger.now());
    return next!;
  }

  /** Takes the stream's events in that the notifier has not seen: as the log would bring them. */
  async takeIn(...events: CloudEvent[]): Promise<void> {
    await this.expected.during(events, () => this.notifier.intake.apply(events));
  }

  /** The last event of a session as the log would carry it, at the next position. */
  async lastEvent(sessionId: string): Promise<CloudEvent> {
    const stored = (await this.ledger.readStream(sessionStream(sessionId))).at(-1)!;
    return toCloudEvent({ ...stored, position: ++this.position }, 'https://ledger.example.test');
  }

  /** An announcement as the log would carry it, without changing the session. */
  expiringSoon(state: SessionState, data: Partial<SessionExpiringSoon> = {}): CloudEvent {
    return this.cloudEvent({
      type: 'SessionExpiringSoon',
      data: {
        sessionId: state.sessionId,
        agentId: state.agentId,
        agentName: state.agentName,
        causes: ['renewals'],
        remainingRenewals: 2,
        endsAt: new Date(state.expiresAt * 1000).toISOString(),
        trigger: 'sweep',
        ...data,
      },
    });
  }

  cloudEvent(event: DomainEvent): CloudEvent {
    const position = ++this.position;
    const { sessionId, agentId = '' } = event.data as { sessionId?: string; agentId?: string };
    return toCloudEvent(
      {
        position,
        streamId: sessionId ? sessionStream(sessionId) : agentStream(agentId),
        version: 1,
        id: newId(),
        type: event.type,
        schemaVersion: 1,
        time: new Date().toISOString(),
        actor: 'system',
        requestId: newId(),
        payload: JSON.stringify(event.data),
        leaf: '00'.repeat(32),
      },
      'https://ledger.example.test',
    );
  }

  /** A session that is warned of by the renewals leg for as long as it lives, and its announcement. */
  async warned(wish: SessionWish = {}): Promise<{ session: SessionState; event: CloudEvent }> {
    const session = await this.warnedSession(wish);
    return { session, event: this.expiringSoon(session) };
  }

  /** The same, not yet announced. */
  async warnedSession(wish: SessionWish = {}): Promise<SessionState> {
    return this.renew(await this.session({ maxRenewals: 3, issuedAgo: 400_000, ...wish }));
  }

  telegramSender(apiRoot: string): TelegramSender {
    return new TelegramSender(
      { botToken: `7000000001:${'A'.repeat(35)}`, chatId: 4711, apiRoot },
      'en',
      async () => undefined,
    );
  }

  /** A message as a claimer would hand it to its sender, for tests of the sender alone. */
  claimedMessage(event: CloudEvent, sender: Sender): ClaimedMessage {
    const member: Member = {
      deliveryId: newId(),
      notificationId: newId(),
      eventId: event.id,
      stage: 'alert',
      eventType: 'SessionExpiringSoon',
      level: 'WARNING',
      sessionId: event.subject,
      agentId: null,
      envelope: JSON.stringify(event),
    };
    return {
      deliveryId: member.deliveryId,
      channelId: newId(),
      channelType: 'telegram',
      attempt: 1,
      fence: 1,
      startedAt: Date.now(),
      deadline: Date.now() + 3_600_000,
      possibleRepeat: false,
      unknowns: 0,
      content: sender.render([member], Date.now()),
      members: [member],
    };
  }

  /** How many deliveries are in which state. */
  async statuses(): Promise<Record<string, number>> {
    const rows = await this.database.query<{ status: string; count: number }>(
      'select status, count(*) as count from deliveries.delivery group by status',
    );
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
  }

  /** Waits until nothing is queued or under way. */
  async settled(timeoutMs?: number): Promise<Record<string, number>> {
    await until(
      async () =>
        (await this.database.query('select from deliveries.delivery where next_attempt_at is not null limit 1'))
          .length === 0,
      { describe: 'every delivery to end', ...(timeoutMs !== undefined && { timeoutMs }) },
    );
    return this.statuses();
  }

  async attempts(): Promise<
    { delivery_id: string; number: number; outcome: string | null; reason: string | null; detail: string | null }[]
  > {
    return this.database.query(
      'select delivery_id, number, outcome, reason, detail from deliveries.attempt order by started_at, number',
    );
  }

  /** Runs statements as the database's owner: what the application may not do. */
  async asOwner(statements: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.testDatabase.url });
    await client.connect();
    await client.query(statements);
    await client.end();
  }

  /** From now on a retry comes when it is hurried, and not before: a case may look as late as it likes. */
  holdRetries(): void {
    this.shareOfStep = NEVER_BY_ITSELF;
  }

  /** Makes everything that waits due at once, in place of waiting for it. */
  async hurry(): Promise<void> {
    await this.database.query(
      `update deliveries.delivery set next_attempt_at = clock_timestamp()
       where next_attempt_at is not null and status <> 'attempting'`,
    );
    await this.database.query('update deliveries.channel set paused_until = null, open_until = null');
    await this.database.query('delete from deliveries.gate');
  }

  /** An invariant that the case itself breaks, by what it does to tables or far ends, and why. */
  excuse(...[invariant, why]: Parameters<Excuses['set']>): void {
    this.excuses.set(invariant, why);
  }

  /** Throws when an invariant does not hold; every case ends with it. */
  async expectInvariants(): Promise<void> {
    const { database, channels, expected, excuses } = this;
    const violations = await violationsOf({ database, channels, expected, excuses });
    if (violations.length > 0) throw new Error(`invariants are broken:\n${violations.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.expectInvariants();
    } finally {
      await this.end();
    }
  }

  private async end(): Promise<void> {
    await this.notifier.close();
    await this.database[Symbol.asyncDispose]();
    await this.testDatabase[Symbol.asyncDispose]();
  }
}
