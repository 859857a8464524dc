import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { createChannelBody } from '#libs/contracts';
import { lead, LOCKS, type Database } from '#libs/database';
import { Channels, secretsOf, TargetPolicy, type Channel, type ChannelSecrets } from '#libs/deliveries';
import { ConfigError, type Logger } from '#libs/platform';
import type { SecretBox } from '#libs/tokens';
import { AppliedFile } from './applied-file.js';

const TURN_MS = 30_000;

export interface ConfigureChannels {
  database: Database;
  box: SecretBox;
  logger: Logger;
  /** JSON file: a list of channels, as `POST /v1/channels` takes them. */
  file: string | undefined;
  /** Networks that webhooks may reach besides public ones. */
  allowedTargets: readonly string[];
}

/**
 * Brings the channels of the configuration file into the database, by name: new ones are made, known ones changed, and those
 * that the file no longer names turned off. A file that was applied already changes nothing. Says loudly when nobody would be told anything.
 */
export async function configureChannels(given: ConfigureChannels): Promise<void> {
  const { database, box, logger, file, allowedTargets } = given;
  const channels = new Channels(database, box);
  if (file !== undefined) {
    const content = readContent(file);
    const wanted = parse(file, content);
    const applied = new AppliedFile(database, box);
    // Notifiers that start together must not make the same channel twice.
    await using _turn = await lead(database, LOCKS.channelConfiguration, AbortSignal.timeout(TURN_MS));
    // What was changed over HTTP since then is later than the file.
    if (!(await applied.is(content))) {
      await applyFile({ channels, file, policy: new TargetPolicy(allowedTargets) }, wanted);
      await applied.remember(content);
    }
  }
  const enabled = (await channels.list()).filter((channel) => channel.enabled);
  if (enabled.length === 0) {
    logger.error(
      'No channel is enabled: nobody will be told of anything. Add one: `sledger channel add`, or POST /v1/channels',
    );
  }
}

interface FileContext {
  channels: Channels;
  file: string;
  policy: TargetPolicy;
}

async function applyFile(context: FileContext, wanted: WantedChannel[]): Promise<void> {
  const { channels, file } = context;
  const existing = await channels.list();
  for (const channel of wanted) {
    const { type, name, config: _config, ...wish } = channel;
    const known = existing.find((channel) => channel.name === name);
    if (known && known.type !== type) throw new ConfigError(`${file}: channel ${name} exists with type ${known.type}`);
    const secrets = await secretsFor(channel, known, context);
    if (known)
      await channels.update(
        known.id,
        {
          ...wish,
          name,
          events: wish.events ?? null,
          agents: wish.agents ?? null,
          language: wish.language ?? 'en',
          quietHours: wish.quietHours ?? null,
          dailyCheckpoint: wish.dailyCheckpoint ?? true,
        },
        secrets,
      );
    else await channels.create({ ...wish, name }, secrets, { source: 'configuration' });
  }
  for (const channel of existing) {
    const gone = channel.source === 'configuration' && !wanted.some(({ name }) => name === channel.name);
    if (gone && channel.enabled) await channels.update(channel.id, { enabled: false });
  }
}

type WantedChannel = z.output<typeof createChannelBody>;

/** As over HTTP: a webhook without a secret keeps the one it has, and an old one signs too for a day. */
async function secretsFor(
  { type, config, name }: WantedChannel,
  known: Channel | undefined,
  { channels, file, policy }: FileContext,
): Promise<ChannelSecrets> {
  const current = known && (await channels.secrets(known.id));
  try {
    return secretsOf({ type, config, policy, now: Date.now(), ...(current && { current }) }).secrets;
  } catch (cause) {
    throw new ConfigError(`${file}: channel ${name}: ${(cause as Error).message}`, { cause });
  }
}

function readContent(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`LEDGER_CHANNELS_FILE cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function parse(file: string, content: string): WantedChannel[] {
  let list: unknown;
  try {
    list = JSON.parse(content);
  } catch (cause) {
    throw new ConfigError(`${file} is no JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = z.array(createChannelBody).safeParse(list);
  if (!parsed.success) throw new ConfigError(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
