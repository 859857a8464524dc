import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { createChannelBody } from '#libs/contracts';
import { lead, LOCKS, type Database } from '#libs/database';
import { Channels, LEDGER_ITSELF, secretsOf, TargetPolicy, type Channel, type ChannelSecrets } from '#libs/deliveries';
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

/** Applies the channels file at the start, and says loudly when nobody would be told anything. Throws `ConfigError` for a file that is wrong. */
export async function configureChannels(parts: ConfigureChannels): Promise<void> {
  if (parts.file !== undefined) await applyChannelsFile(parts, readContent(parts.file));
  await warnIfNobodyIsTold(parts);
}

/**
 * Brings the channels of the file into the database, by name: new ones are made, known ones changed, and those that the file
 * no longer names turned off. What was applied already changes nothing; a file that is wrong (`ConfigError`) neither.
 */
export async function applyChannelsFile(parts: ConfigureChannels, content: string): Promise<void> {
  const { database, box, file = '', allowedTargets } = parts;
  const wanted = parse(file, content);
  const applied = new AppliedFile(database, box);
  // Notifiers that start together must not make the same channel twice.
  await using _turn = await lead(database, LOCKS.channelConfiguration, AbortSignal.timeout(TURN_MS));
  // What was changed over HTTP since then is later than the file.
  if (await applied.is(content)) return;
  const channels = new Channels(database, box);
  await applyFile({ channels, file, policy: new TargetPolicy(allowedTargets) }, wanted);
  await applied.remember(content);
}

export async function warnIfNobodyIsTold({ database, box, logger }: ConfigureChannels): Promise<void> {
  const enabled = (await new Channels(database, box).list()).filter((channel) => channel.enabled);
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
  const { channels } = context;
  const existing = await channels.list();
  // All of it is looked at before anything is changed: a file that is wrong leaves every channel as it is.
  const prepared = await prepare(context, wanted, existing);
  for (const { channel, known, secrets } of prepared) {
    const { type: _type, name, config: _config, ...wish } = channel;
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
        LEDGER_ITSELF,
        secrets,
      );
    else await channels.create({ ...wish, name }, secrets, LEDGER_ITSELF, 'configuration');
  }
  for (const channel of existing) {
    const gone = channel.source === 'configuration' && !wanted.some(({ name }) => name === channel.name);
    if (gone && channel.enabled) await channels.update(channel.id, { enabled: false }, LEDGER_ITSELF);
  }
}

interface Prepared {
  channel: WantedChannel;
  known: Channel | undefined;
  secrets: ChannelSecrets;
}

async function prepare(
  context: FileContext,
  wanted: readonly WantedChannel[],
  existing: readonly Channel[],
): Promise<Prepared[]> {
  const { file } = context;
  const prepared: Prepared[] = [];
  for (const channel of wanted) {
    const { name, type } = channel;
    if (prepared.some((other) => other.channel.name === name))
      throw new ConfigError(`${file}: two channels are named ${name}`);
    const known = existing.find((other) => other.name === name);
    if (known && known.type !== type) throw new ConfigError(`${file}: channel ${name} exists with type ${known.type}`);
    prepared.push({ channel, known, secrets: await secretsFor(channel, known, context) });
  }
  return prepared;
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

/** Throws `ConfigError` where it cannot be read. */
export function readContent(file: string): string {
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
  } catch (error) {
    // The parser's own words quote the file, and with it secrets.
    const [place = 'a JSON editor shows where'] = /at position .*/.exec((error as Error).message) ?? [];
    throw new ConfigError(`${file} is no JSON: ${place}`);
  }
  const parsed = z.array(createChannelBody).safeParse(list);
  if (!parsed.success) throw new ConfigError(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
