import { Webhook } from 'standardwebhooks';
import { until } from '#libs/testing';
import { CHAT_ID, type Receivers } from './receivers.js';
import { expectThat } from './stage.js';

const EVENT = 'ledger.session.expiring_soon.v1';

export interface ArrivedAlert {
  telegram: string;
  mail: { subject: string; text: string };
  webhook: { id: string; type: string; body: string };
}

/** Waits for the expiring-soon alert of this session on all three channels, and checks each as its far end would. */
export async function alertEverywhere(
  receivers: Receivers,
  sessionId: string,
  agentName: string,
): Promise<ArrivedAlert> {
  const [telegram, mail, webhook] = await Promise.all([
    telegramAlert(receivers, agentName),
    mailAlert(receivers, agentName),
    webhookAlert(receivers, sessionId),
  ]);
  return { telegram, mail, webhook };
}

async function telegramAlert({ telegram }: Receivers, agentName: string): Promise<string> {
  const message = await until(
    () => telegram.messages.find(({ text }) => text.includes(agentName) && /expires soon/.test(text)),
    { describe: 'the alert at the Telegram stand-in' },
  );
  expectThat(message.chatId === String(CHAT_ID), 'the alert in the configured chat');
  return message.text;
}

async function mailAlert({ mail }: Receivers, agentName: string): Promise<{ subject: string; text: string }> {
  const found = await until(
    () =>
      mail.received.find(({ mail: { subject = '' } }) => subject.includes(agentName) && /expires soon/.test(subject)),
    { describe: 'the alert at the SMTP receiver' },
  );
  return { subject: found.mail.subject ?? '', text: found.mail.text ?? '' };
}

async function webhookAlert({ webhook, webhookSecret }: Receivers, sessionId: string) {
  const found = await until(
    () => webhook.received.find(({ body }) => body.includes(EVENT) && body.includes(sessionId)),
    { describe: 'the alert at the webhook receiver' },
  );
  const headers = found.headers as Record<string, string>;
  // An independent implementation of the signature; throws when it is wrong.
  new Webhook(webhookSecret).verify(found.body, headers);
  const { type } = JSON.parse(found.body) as { type: string };
  return { id: headers['webhook-id'] ?? '', type, body: found.body };
}
