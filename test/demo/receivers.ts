import { randomBytes } from 'node:crypto';
import { SmtpReceiver, TelegramStandIn, WebhookReceiver } from '#libs/testing';

export const CHAT_ID = 4711;
export const MAIL_TO = 'owner@example.org';

/** The far ends of the three channels, all on loopback. */
export interface Receivers extends AsyncDisposable {
  telegram: TelegramStandIn;
  mail: SmtpReceiver;
  webhook: WebhookReceiver;
  /** What the webhook's signatures are checked with. */
  webhookSecret: string;
  botToken: string;
}

export async function startReceivers(): Promise<Receivers> {
  const [telegram, mail, webhook] = await Promise.all([
    TelegramStandIn.start(),
    SmtpReceiver.start(),
    WebhookReceiver.start(),
  ]);
  return {
    telegram,
    mail,
    webhook,
    webhookSecret: `whsec_${randomBytes(32).toString('base64')}`,
    botToken: `4711:${randomBytes(24).toString('base64url')}`,
    async [Symbol.asyncDispose]() {
      await Promise.all([telegram, mail, webhook].map((receiver) => receiver[Symbol.asyncDispose]()));
    },
  };
}
