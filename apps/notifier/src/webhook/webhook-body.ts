import type { Member } from '#libs/deliveries';
import { alertText } from '../messages/alert-text.js';
import { cutText } from '../messages/cut-text.js';
import type { Phrases } from '../messages/phrases/phrases.js';

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
          { type: 'header', text: { type: 'plain_text', text: cutText(alert.title, 150) } },
          { type: 'section', text: { type: 'plain_text', text: cutText(alert.body, 3000) } },
          {
            type: 'section',
            fields: alert.facts
              .slice(0, 10)
              .map(({ label, value }) => ({ type: 'plain_text', text: cutText(`${label}: ${value}`, 2000) })),
          },
          ...(alert.command ? [{ type: 'section', text: { type: 'plain_text', text: `→ ${alert.command}` } }] : []),
          ...(alert.verbatim === null ? [] : [{ type: 'section', text: { type: 'plain_text', text: alert.verbatim } }]),
        ],
      });
    case 'discord':
      return json({
        allowed_mentions: { parse: [] },
        embeds: [
          {
            title: cutText(discordEscaped(alert.title), 256),
            description: [
              cutText(discordEscaped(alert.body), 3000),
              ...(alert.command ? [`\`${alert.command}\``] : []),
              ...(alert.verbatim === null ? [] : [`\`\`\`\n${alert.verbatim}\`\`\``]),
            ].join('\n'),
            color: COLOUR[level],
            fields: facts.map((fact) => ({ ...fact, value: cutText(discordEscaped(fact.value), 300) })),
          },
        ],
      });
    case 'ntfy':
      return {
        type: 'text/plain; charset=utf-8',
        body: [
          alert.title,
          cutText(alert.body, 600),
          ...facts.map(({ name, value }) => `${name}: ${value}`),
          alert.command ?? '',
          ...(alert.verbatim === null ? [] : ['', alert.verbatim]),
        ]
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
