import { Channels, type ChannelSecrets } from '#libs/deliveries';
import { receiverAt, type Receiver } from '#libs/testing';

/** The far end of a channel as it was pointed to, and how many calls it had had before. */
export interface WatchedCalls {
  channelId: string;
  receiver: Receiver;
  earlier: number;
}

/** Channels that remember where they pointed to and what must stay secret: what a case is checked against at its end. */
export class WatchedChannels extends Channels {
  readonly calls: WatchedCalls[] = [];
  readonly secretTexts = new Set<string>();

  override async create(...given: Parameters<Channels['create']>): ReturnType<Channels['create']> {
    const written = await super.create(...given);
    this.watch(written.channel.id, given[1]);
    return written;
  }

  override async update(...given: Parameters<Channels['update']>): ReturnType<Channels['update']> {
    const [id, changes, author, secrets] = given;
    // Before it takes effect: nothing may reach the new address uncounted.
    const seen = (next: ChannelSecrets) => {
      this.watch(id, next);
      return next;
    };
    if (typeof secrets === 'function') return super.update(id, changes, author, (current) => seen(secrets(current)));
    return super.update(id, changes, author, secrets && seen(secrets));
  }

  private watch(channelId: string, secrets: ChannelSecrets): void {
    for (const text of secretsIn(secrets)) this.secretTexts.add(text);
    const receiver = receiverAt(addressOf(secrets));
    if (receiver) this.calls.push({ channelId, receiver, earlier: receiver.callCount });
  }
}

function addressOf({ type, config }: ChannelSecrets): string | undefined {
  if (type === 'webhook') return config.url;
  return type === 'email' ? config.smtpUrl : config.apiRoot;
}

function secretsIn({ type, config }: ChannelSecrets): string[] {
  if (type === 'telegram') return [config.botToken.split(':')[1] ?? config.botToken];
  if (type === 'webhook') return [config.secret, config.previous?.secret].filter((text) => text !== undefined);
  const { password } = URL.canParse(config.smtpUrl) ? new URL(config.smtpUrl) : { password: '' };
  return password === '' ? [] : [password, decodeURIComponent(password)];
}
