import type { Dispatcher as HttpDispatcher } from 'undici';
import type { Channels } from '#libs/deliveries';
import { EmailSender } from './email/email-sender.js';
import type { Sender } from './send-deliveries/sender.js';
import { TelegramSender } from './telegram/telegram-sender.js';
import { WebhookSender } from './webhook/webhook-sender.js';

/** Opens a channel's secrets and makes what speaks its protocol. */
export async function openSender(channels: Channels, channelId: string, agent: HttpDispatcher): Promise<Sender> {
  const { language, version } = await channels.get(channelId);
  const secrets = await channels.secrets(channelId);
  switch (secrets.type) {
    case 'webhook':
      return new WebhookSender(secrets.config, language, agent);
    case 'email':
      return new EmailSender(secrets.config, language, channelId);
    case 'telegram':
      return new TelegramSender(secrets.config, language, async (chatId) => {
        await channels.replaceSecrets(channelId, version, { type: 'telegram', config: { ...secrets.config, chatId } });
      });
  }
}
