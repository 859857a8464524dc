import { type Member } from '#libs/deliveries';
import { alertText } from '../messages/alert-text.js';
import { type Phrases } from '../messages/phrases/phrases.js';

export interface WebhookBody {
  body: string;
  type: string;
}

const COLOUR = { INFO: 0x2f6fed, WARNING: 0xe0a100, CRITICAL: 0xd92d20 } as const;

/** The same alert in the form that a chat service's incoming webhook takes. */
export function webhookBody(
  format: 'slack' | 'discord' | 'ntfy',
  [member]: Member[],
  phrases: Phrases,
  now: number,
): WebhookBody {
  const alert = alertText(member!, phrases, now);
  const { level } = member!;
  const facts = alert.facts.map(({ label, value }) => ({ name: label, value, inline: true }));
  switch (format) {
    case 'slack':
      return json({
        text: slackEscaped(`${alert.title}\n${alert.body}`),
        blocks: [
          { type: 'header', text: { type: 'plain_text', text: alert.title.slice(0, 150) } },
          { type: 'section', text: { type: 'plain_text', text: alert.body } },
          {
            type: 'section',
            fields: alert.facts
              .slice(0, 10)
              .map(({ label, value }) => ({ type: 'plain_text', text: `${label}: ${value}` })),
          },
          ...(alert.command ? [{ type: 'section', text: { type: 'plain_text', text: `→ ${alert.command}` } }] : []),
        ],
      });
    case 'discord':
      return json({
        allowed_mentions: { parse: [] },
        embeds: [
          {
            title: alert.title.slice(0, 256),
            description: `${discordEscaped(alert.body)}${alert.command ? `\n\`${alert.command}\`` : ''}`,
            color: COLOUR[level],
            fields: facts.map((fact) => ({ ...fact, value: discordEscaped(fact.value) })),
          },
        ],
      });
    case 'ntfy':
      return {
        type: 'text/plain; charset=utf-8',
        body: [alert.title, alert.body, ...facts.map(({ name, value }) => `${name}: ${value}`), alert.command ?? '']
          .join('\n')
          .trim(),
      };
  }
}

function json(value: unknown): WebhookBody {
  return { type: 'application/json; charset=utf-8', body: JSON.stringify(value) };
}

function slackEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function discordEscaped(text: string): string {
  return text.replace(/([\\*_~`|>[\]()#@])/g, '\\$1');
}
