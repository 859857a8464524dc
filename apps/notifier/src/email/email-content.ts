import type { MessageLanguage } from '#libs/contracts';
import type { Member } from '#libs/deliveries';
import { alertText, type AlertText } from '../messages/alert-text.js';
import { digestText, plainDigest } from '../messages/digest-text.js';
import { phrasesOf } from '../messages/phrases/phrases-of.js';
import type { Phrases } from '../messages/phrases/phrases.js';
import { alertHtml, digestHtml } from './email-html.js';

/** A mail, as fixed at its first attempt: rendered whole before anything is connected. */
export interface EmailContent {
  subject: string;
  text: string;
  html: string;
  /** Session whose thread it belongs to; null for a digest and for messages about channels. */
  threadOf: string | null;
}

export function emailContent(members: Member[], language: MessageLanguage, now: number): EmailContent {
  const phrases = phrasesOf(language);
  const [only] = members;
  if (members.length !== 1 || !only) {
    const digest = digestText(members, phrases, now);
    return {
      subject: `[Session Ledger] ${digest.title}`,
      text: plainDigest(digest),
      html: digestHtml(digest, language),
      threadOf: null,
    };
  }
  const alert = alertText(only, phrases, now);
  return {
    subject: `[Session Ledger] ${alert.title}`,
    text: plainText(alert, phrases),
    html: alertHtml(alert, only.level, language),
    threadOf: only.sessionId,
  };
}

function plainText({ title, body, facts, command, verbatim }: AlertText, { whatHelps }: Phrases): string {
  const lines = facts.map(({ label, value }) => `${label}: ${value}`);
  return `${title}\n\n${body}\n\n${lines.join('\n')}\n${command ? `\n${whatHelps}:\n  ${command}\n` : ''}${verbatim === null ? '' : `\n${verbatim}`}`;
}
