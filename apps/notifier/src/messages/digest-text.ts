import type { Member } from '#libs/deliveries';
import { alertText } from './alert-text.js';
import type { Phrases } from './phrases/phrases.js';

export interface DigestText {
  title: string;
  /** How many of each event. */
  summary: string[];
  /** One for each alert: none is left out. */
  lines: string[];
  /** What must be kept byte for byte. */
  verbatim: string[];
}

/** All of it as plain text. */
export function plainDigest({ title, summary, lines, verbatim }: DigestText): string {
  return `${title}\n${summary.join('\n')}\n\n${lines.join('\n')}\n${verbatim.map((text) => `\n${text}`).join('')}`;
}

/** Many alerts as one: what happened how often, and every session by its id. */
export function digestText(members: Member[], phrases: Phrases, now: number): DigestText {
  const counts = new Map<string, number>();
  for (const { eventType } of members) counts.set(eventType, (counts.get(eventType) ?? 0) + 1);
  const { title, names } = phrases.digest;
  const alerts = members.map((member) => alertText(member, phrases, now));
  return {
    title: title(members.length),
    summary: [...counts].map(([type, count]) => `${count} × ${names[type] ?? type}`),
    lines: alerts.map(({ line }) => line),
    verbatim: alerts.flatMap(({ verbatim }) => verbatim ?? []),
  };
}
