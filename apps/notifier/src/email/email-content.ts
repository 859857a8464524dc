import { type Member } from '#libs/deliveries';
import { alertText, type AlertText } from '../messages/alert-text.js';
import { digestText } from '../messages/digest-text.js';
import { alertHtml, digestHtml } from './email-html.js';

/** A mail, as fixed at its first attempt: rendered whole before anything is connected. */
export interface EmailContent {
  subject: string;
  text: string;
  html: string;
  /** Session whose thread it belongs to; null for a digest and for messages about channels. */
  threadOf: string | null;
}

export function emailContent(members: Member[], now: number): EmailContent {
  const [only] = members;
  if (members.length !== 1 || !only) {
    const digest = digestText(members, now);
    return {
      subject: `[Session Ledger] ${digest.title}`,
      text: `${digest.title}\n${digest.summary.join('\n')}\n\n${digest.lines.join('\n')}\n`,
      html: digestHtml(digest),
      threadOf: null,
    };
  }
  const alert = alertText(only, now);
  return {
    subject: `[Session Ledger] ${alert.title}`,
    text: plainText(alert),
    html: alertHtml(alert, only.level),
    threadOf: only.sessionId,
  };
}

function plainText({ title, body, facts, command }: AlertText): string {
  const lines = facts.map(({ label, value }) => `${label}: ${value}`);
  return `${title}\n\n${body}\n\n${lines.join('\n')}\n${command ? `\nWhat helps:\n  ${command}\n` : ''}`;
}
