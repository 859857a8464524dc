import { LedgerError } from '#libs/contracts';
import type { Database, PoolClient } from '#libs/database';
import { newId } from '#libs/platform';
import type { SecretBox } from '#libs/tokens';
import { levelNumber } from '../alert-levels.js';
import { settleMembers, startNextTurn } from '../claims/settle.js';
import { type Author, LEDGER_ITSELF, recorded, type SystemFact } from '../record-change.js';
import { CHANNEL_COLUMNS, channelOf, type ChannelRow } from './channel-rows.js';
import type { Channel, ChannelChanges, ChannelSecrets, NewChannel, WrittenChannel } from './channel.js';

const UNIQUE_VIOLATION = '23505';
const CONFIG = 'select config from deliveries.channel where channel_id = $1';

interface SealedRow extends Record<string, unknown> {
  /** Null once the channel is deleted. */
  config: Buffer | null;
}

interface Change {
  changes: ChannelChanges;
  secrets?: ChannelSecrets | undefined;
  onlyVersion?: number;
}

/** Where alerts go. Secrets go in sealed and come out only for the sender. */
export class Channels {
  constructor(
    private readonly database: Database,
    private readonly box: SecretBox,
  ) {}

  /** Throws `NAME_TAKEN`, `IDEMPOTENCY_KEY_REUSED`. */
  async create(
    channel: NewChannel,
    secrets: ChannelSecrets,
    author: Author,
    source: Channel['source'] = 'api',
  ): Promise<WrittenChannel> {
    const id = newId();
    const data = { channelId: id, channelType: secrets.type, enabled: channel.enabled };
    return this.written(author, { type: 'ChannelAdded', data }, (client) =>
      this.insert(client, id, { channel, secrets, source }),
    );
  }

  private async insert(
    client: PoolClient,
    id: string,
    { channel, secrets, source }: { channel: NewChannel; secrets: ChannelSecrets; source: Channel['source'] },
  ): Promise<Channel> {
    const { rows } = await unlessTaken(channel.name, () =>
      client.query<ChannelRow>(
        `insert into deliveries.channel
           (channel_id, type, name, events, min_level, agents, priority, enabled, source, config, language, quiet_hours,
            daily_checkpoint)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning ${CHANNEL_COLUMNS}`,
        [
          id,
          secrets.type,
          channel.name,
          channel.events ?? null,
          levelNumber(channel.minLevel ?? 'INFO'),
          channel.agents ?? null,
          channel.priority,
          channel.enabled,
          source,
          this.seal(id, secrets),
          channel.language ?? 'en',
          channel.quietHours ?? null,
          channel.dailyCheckpoint ?? true,
        ],
      ),
    );
    return channelOf(rows[0]!);
  }

  async list(): Promise<Channel[]> {
    const rows = await this.database.query<ChannelRow>(
      `select ${CHANNEL_COLUMNS} from deliveries.channel where deleted_at is null order by priority, channel_id`,
    );
    return rows.map(channelOf);
  }

  /** Throws `NOT_FOUND`. */
  async get(id: string): Promise<Channel> {
    const rows = await this.database.query<ChannelRow>(
      `select ${CHANNEL_COLUMNS} from deliveries.channel where channel_id = $1 and deleted_at is null`,
      [id],
    );
    if (!rows[0]) throw new LedgerError('NOT_FOUND', { detail: `There is no channel ${id}.` });
    return channelOf(rows[0]);
  }

  /** The secret part, for the sender alone. Throws `NOT_FOUND` for a deleted channel. */
  async secrets(id: string): Promise<ChannelSecrets> {
    return this.unsealed(id, await this.database.query<SealedRow>(CONFIG, [id]));
  }

  /**
   * Changes a channel; takes effect without restart. Any change ends a stop and closes the breaker: the owner has looked at it.
   * Turning it off drops what is queued. Secrets that are made from those that the channel has are made where nobody else changes
   * them. Throws `NOT_FOUND`, `NAME_TAKEN`, `IDEMPOTENCY_KEY_REUSED`.
   */
  async update(
    id: string,
    changes: ChannelChanges,
    author: Author,
    secrets?: ChannelSecrets | ((current: ChannelSecrets) => ChannelSecrets),
  ): Promise<WrittenChannel> {
    return this.written(author, factOf(id, changes, secrets !== undefined), async (client) => {
      const next = typeof secrets === 'function' ? secrets(await this.lockedSecrets(client, id)) : secrets;
      const changed = await this.change(client, id, { changes, secrets: next });
      if (!changed) throw new LedgerError('NOT_FOUND', { detail: `There is no channel ${id}.` });
      return changed;
    });
  }

  /** Puts other secrets in place of those of `version`; does nothing where the channel was changed since. */
  async replaceSecrets(id: string, version: number, secrets: ChannelSecrets): Promise<void> {
    try {
      await recorded(this.database, LEDGER_ITSELF, [factOf(id, {}, true)], async (client) => {
        const changed = await this.change(client, id, { changes: {}, secrets, onlyVersion: version });
        // What did not happen must not stand in the ledger.
        if (!changed) throw new LedgerError('VERSION_CONFLICT');
      });
    } catch (error) {
      if (!(error instanceof LedgerError && error.code === 'VERSION_CONFLICT')) throw error;
    }
  }

  /** Null when there is no such channel (of that version). */
  private async change(
    client: PoolClient,
    id: string,
    { changes, secrets, onlyVersion }: Change,
  ): Promise<Channel | null> {
    const { rows } = await unlessTaken(changes.name, () =>
      client.query<ChannelRow>(
        `update deliveries.channel set
             name = coalesce($2, name),
             events = case when $3 then $4::text[] else events end,
             min_level = coalesce($5, min_level),
             agents = case when $6 then $7::uuid[] else agents end,
             priority = coalesce($8, priority),
             enabled = coalesce($9, enabled),
             config = coalesce($10, config),
             language = coalesce($11, language),
             quiet_hours = case when $12 then $13::jsonb else quiet_hours end,
             daily_checkpoint = coalesce($14, daily_checkpoint),
             version = version + 1, stopped_reason = null, failures = 0, failing_since = null, open_until = null,
             paused_until = null, told_at = null, bot_told_at = null
           where channel_id = $1 and deleted_at is null and version = coalesce($15, version)
           returning ${CHANNEL_COLUMNS}`,
        [
          id,
          changes.name ?? null,
          changes.events !== undefined,
          changes.events ?? null,
          changes.minLevel === undefined ? null : levelNumber(changes.minLevel),
          changes.agents !== undefined,
          changes.agents ?? null,
          changes.priority ?? null,
          changes.enabled ?? null,
          secrets ? this.seal(id, secrets) : null,
          changes.language ?? null,
          changes.quietHours !== undefined,
          changes.quietHours ?? null,
          changes.dailyCheckpoint ?? null,
          onlyVersion ?? null,
        ],
      ),
    );
    if (!rows[0]) return null;
    if (changes.quietHours !== undefined) await endQuiet(client, id);
    if (changes.enabled === false) await suppressQueued(client, id, 'the channel was turned off');
    return channelOf(rows[0]);
  }

  /** Removes the channel and its secrets; its history stays. Returns how many alerts were still queued. */
  async delete(id: string, author: Author): Promise<number> {
    return recorded(this.database, author, [{ type: 'ChannelRemoved', data: { channelId: id } }], async (client) => {
      const { rowCount } = await client.query(
        `update deliveries.channel set deleted_at = clock_timestamp(), enabled = false, config = null, version = version + 1
         where channel_id = $1 and deleted_at is null`,
        [id],
      );
      if (rowCount === 0) throw new LedgerError('NOT_FOUND', { detail: `There is no channel ${id}.` });
      return suppressQueued(client, id, 'the channel was deleted');
    });
  }

  /** What a change comes to; a request that comes again finds the channel as it is now. */
  private async written(
    author: Author,
    fact: SystemFact,
    change: (client: PoolClient) => Promise<Channel>,
  ): Promise<WrittenChannel> {
    let made: Channel | undefined;
    const outcome = await recorded(this.database, author, [fact], async (client) => {
      made = await change(client);
      return { id: made.id, version: made.version };
    });
    const channel = made ?? (await this.get(outcome.id));
    return { channel, isLatest: channel.version === outcome.version };
  }

  private async lockedSecrets(client: PoolClient, id: string): Promise<ChannelSecrets> {
    return this.unsealed(id, (await client.query<SealedRow>(`${CONFIG} for update`, [id])).rows);
  }

  private unsealed(id: string, [row]: SealedRow[]): ChannelSecrets {
    if (!row?.config) throw new LedgerError('NOT_FOUND', { detail: `There is no channel ${id}.` });
    return JSON.parse(this.box.unseal(row.config, sealContext(id))) as ChannelSecrets;
  }

  private seal(id: string, secrets: ChannelSecrets): Buffer {
    return this.box.seal(JSON.stringify(secrets), sealContext(id));
  }
}

function factOf(channelId: string, changes: ChannelChanges, hasSecrets: boolean): SystemFact {
  const changed = [...Object.keys(changes), ...(hasSecrets ? ['config'] : [])];
  const { enabled } = changes;
  return { type: 'ChannelChanged', data: { channelId, changed, ...(enabled !== undefined && { enabled }) } };
}

function sealContext(id: string): string {
  return `deliveries.channel:${id}`;
}

/** Drops what waits for a channel, except what is under way; alerts that other channels wait with start there now. */
export async function suppressQueued(client: PoolClient, channelId: string, detail: string): Promise<number> {
  const { rows } = await client.query<{ delivery_id: string; notification_id: string }>(
    `update deliveries.delivery set status = 'suppressed', detail = $2, next_attempt_at = null, finished_at = clock_timestamp()
     where channel_id = $1 and next_attempt_at is not null and status <> 'attempting' returning delivery_id, notification_id`,
    [channelId, detail],
  );
  const carried = await settleMembers(
    client,
    rows.map((row) => row.delivery_id),
  );
  await startNextTurn(client, [...rows.map((row) => row.notification_id), ...carried]);
  return rows.length + carried.length;
}

/** What waited for the end of the old quiet hours is decided again by the new ones. */
async function endQuiet(client: PoolClient, channelId: string): Promise<void> {
  await client.query(
    `update deliveries.delivery set next_attempt_at = clock_timestamp()
     where channel_id = $1 and postponed_by = 'quiet_hours' and next_attempt_at > clock_timestamp()
       and status in ('pending', 'retry')`,
    [channelId],
  );
}

async function unlessTaken<T>(name: string | undefined, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
    throw new LedgerError('NAME_TAKEN', { detail: `There is already a channel named ${name}.` }, { cause: error });
  }
}
