import { createHmac } from 'node:crypto';
import type { WebhookConfig } from '#libs/deliveries';

/**
 * Headers of Standard Webhooks. The id stays the same on every attempt, the time is the attempt's; in a rotation both secrets
 * sign.
 *
 * @param now when the attempt began by the database's clock, epoch milliseconds: ours may be far off, and then nobody would take it
 */
export function signedHeaders(config: WebhookConfig, id: string, body: string, now: number): Record<string, string> {
  const timestamp = Math.floor(now / 1000);
  const secrets = [config.secret];
  if (config.previous && now < config.previous.until) secrets.push(config.previous.secret);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': secrets.map((secret) => signature(secret, id, timestamp, body)).join(' '),
  };
}

function signature(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
