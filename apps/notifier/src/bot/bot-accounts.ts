import type { Channel, Channels, ChannelSecrets, TelegramConfig } from '#libs/deliveries';
import { UnsealError } from '#libs/tokens';

/** One bot of Telegram's and the chats that may command it. */
export interface BotAccount {
  /** The number before the colon of the token. */
  botId: number;
  botToken: string;
  apiRoot: string | undefined;
  /** Chat id → who may speak there, and the channels that deliver to it. */
  chats: ReadonlyMap<number, BotChat>;
}

export interface BotChat {
  channelIds: string[];
  /** User ids. A private chat has the id of its user; in a group only those named in the configuration. */
  users: ReadonlySet<number>;
}

/** Reads the bots from the enabled Telegram channels. Unsealed secrets are kept until their channel changes or goes. */
export class BotAccounts {
  /** Null: a version of the channel that cannot be opened. */
  private readonly known = new Map<string, { version: number; config: TelegramConfig | null }>();

  constructor(private readonly channels: Channels) {}

  async read(): Promise<BotAccount[]> {
    const telegram = (await this.channels.list()).filter(({ type, enabled }) => type === 'telegram' && enabled);
    for (const id of this.known.keys()) if (!telegram.some((channel) => channel.id === id)) this.known.delete(id);
    const accounts = new Map<string, BotAccount & { chats: Map<number, BotChat> }>();
    for (const channel of telegram) {
      const config = await this.configOf(channel);
      if (config === null) continue;
      const account = accounts.get(config.botToken) ?? newAccount(config);
      accounts.set(config.botToken, account);
      addChat(account.chats, channel.id, config);
    }
    return [...accounts.values()];
  }

  private async configOf({ id, version }: Channel): Promise<TelegramConfig | null> {
    const known = this.known.get(id);
    if (known?.version === version) return known.config;
    const secrets = await this.secretsOf(id);
    const config = secrets?.type === 'telegram' ? secrets.config : null;
    this.known.set(id, { version, config });
    return config;
  }

  /** Null where they cannot be opened: whoever sends on that channel tells the owner, and the other bots take commands meanwhile. */
  private async secretsOf(id: string): Promise<ChannelSecrets | null> {
    try {
      return await this.channels.secrets(id);
    } catch (error) {
      if (error instanceof UnsealError) return null;
      throw error;
    }
  }
}

function newAccount({ botToken, apiRoot }: TelegramConfig): BotAccount & { chats: Map<number, BotChat> } {
  return { botId: Number(botToken.split(':')[0]), botToken, apiRoot, chats: new Map() };
}

function addChat(chats: Map<number, BotChat>, channelId: string, { chatId, allowedUsers }: TelegramConfig): void {
  const chat = Number(chatId);
  // A channel by @name is one-way: nobody can speak to a bot there.
  if (!Number.isSafeInteger(chat)) return;
  const before = chats.get(chat);
  chats.set(chat, {
    channelIds: [...(before?.channelIds ?? []), channelId],
    users: new Set([...(before?.users ?? []), ...(allowedUsers ?? []), ...(chat > 0 ? [chat] : [])]),
  });
}
