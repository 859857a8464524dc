import { emailConfig, LedgerError, telegramConfig, webhookConfig, type ChannelType } from '#libs/contracts';
import type { ChannelSecrets } from './channel.js';
import type { TargetPolicy } from './target-policy.js';
import { newWebhookSecret } from './webhook-secret.js';

/** How long the old secret of a webhook signs beside the new one. */
const ROTATION_MS = 24 * 3600 * 1000;

export interface SecretsWish {
  type: ChannelType;
  config: unknown;
  /** What the channel has now. */
  current?: ChannelSecrets;
  policy: TargetPolicy;
  /** Epoch milliseconds. */
  now: number;
}

/** The secret part of a channel as it will be sealed, and a webhook's secret when it was made here. Throws `BAD_REQUEST`. */
export function secretsOf({ type, config, current, policy, now }: SecretsWish): {
  secrets: ChannelSecrets;
  madeSecret?: string;
} {
  switch (type) {
    case 'telegram':
      return { secrets: { type, config: parsed(telegramConfig, config) } };
    case 'email':
      return { secrets: { type, config: parsed(emailConfig, config) } };
    case 'webhook': {
      const wish = parsed(webhookConfig, config);
      const problem = policy.problemOf(new URL(wish.url));
      if (problem) throw new LedgerError('BAD_REQUEST', { detail: `config.url: ${problem}.` });
      const before = current?.type === 'webhook' ? current.config : undefined;
      const secret = wish.secret ?? before?.secret ?? newWebhookSecret();
      const previous = previousOf(before, secret, now);
      return {
        secrets: { type, config: { url: wish.url, format: wish.format, secret, ...(previous && { previous }) } },
        ...(wish.secret === undefined && before === undefined && { madeSecret: secret }),
      };
    }
  }
}

/** A webhook's configuration with a new secret; the old one signs too for a day. */
export function rotated(current: ChannelSecrets, now: number): ChannelSecrets {
  if (current.type !== 'webhook')
    throw new LedgerError('BAD_REQUEST', { detail: 'Only webhooks have a signing secret.' });
  const previous = { secret: current.config.secret, until: now + ROTATION_MS };
  return { type: 'webhook', config: { ...current.config, secret: newWebhookSecret(), previous } };
}

function previousOf(
  before: Extract<ChannelSecrets, { type: 'webhook' }>['config'] | undefined,
  secret: string,
  now: number,
): { secret: string; until: number } | undefined {
  if (before === undefined) return undefined;
  if (before.secret !== secret) return { secret: before.secret, until: now + ROTATION_MS };
  return before.previous && before.previous.until > now ? before.previous : undefined;
}

interface Schema<T> {
  safeParse(
    value: unknown,
  ): { success: true; data: T } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
}

function parsed<T>(schema: Schema<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new LedgerError('BAD_REQUEST', {
    detail: 'Some fields of `config` are wrong.',
    errors: result.error.issues.map(({ path, message }) => ({ path: ['config', ...path].join('.'), message })),
  });
}
