import type { AlertLevel, MessageLanguage } from '#libs/contracts';
import type { AlertText } from '../messages/alert-text.js';
import type { DigestText } from '../messages/digest-text.js';
import { phrasesOf } from '../messages/phrases/phrases-of.js';

const COLOUR: Record<AlertLevel, string> = { INFO: '#2f6fed', WARNING: '#b26a00', CRITICAL: '#c4320a' };
const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO = "font-family:ui-monospace,'SF Mono',Menlo,Consolas,monospace";

/** Table layout and inline styles only: what mail programs agree on. */
export function alertHtml(
  { title, body, facts, command, verbatim }: AlertText,
  level: AlertLevel,
  language: MessageLanguage,
): string {
  const rows = facts.map(
    ({ label, value }) =>
      `<tr><td style="padding:6px 16px 6px 0;color:#5b6470;white-space:nowrap;vertical-align:top">${escaped(label)}</td>` +
      `<td style="padding:6px 0;${MONO};font-size:13px;word-break:break-all">${escaped(value)}</td></tr>`,
  );
  const remedy = command
    ? `<p style="margin:24px 0 8px;color:#5b6470">${escaped(phrasesOf(language).whatHelps)}</p>` +
      `<pre style="margin:0;padding:12px 16px;background:#f4f6f8;border-radius:6px;${MONO};font-size:13px;white-space:pre-wrap">${escaped(command)}</pre>`
    : '';
  return page(
    language,
    level,
    title,
    `<p style="margin:0 0 20px;line-height:1.5">${escaped(body)}</p>` +
      `<table role="presentation" cellpadding="0" cellspacing="0" style="border-collapse:collapse">${rows.join('')}</table>${remedy}${verbatim === null ? '' : kept(verbatim)}`,
  );
}

export function digestHtml({ title, summary, lines, verbatim }: DigestText, language: MessageLanguage): string {
  const counts = summary.map((line) => `<li>${escaped(line)}</li>`).join('');
  const rows = lines.map(
    (line) => `<tr><td style="padding:4px 0;border-top:1px solid #e6e9ed;font-size:13px">${escaped(line)}</td></tr>`,
  );
  return page(
    language,
    'WARNING',
    title,
    `<ul style="margin:0 0 20px;padding-left:20px;line-height:1.6">${counts}</ul>` +
      `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse">${rows.join('')}</table>${verbatim.map(kept).join('')}`,
  );
}

/** Text that is copied out of the mail: no line of it may wrap into another. */
function kept(text: string): string {
  return `<pre style="margin:24px 0 0;padding:12px 16px;background:#f4f6f8;border-radius:6px;${MONO};font-size:12px;overflow-x:auto">${escaped(text)}</pre>`;
}

function page(language: MessageLanguage, level: AlertLevel, title: string, content: string): string {
  return (
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${escaped(title)}</title></head><body style="margin:0;padding:24px 12px;background:#f4f6f8;${FONT};font-size:15px;color:#1c2430">` +
    `<table role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;margin:0 auto;background:#fff;border-radius:8px;border-top:4px solid ${COLOUR[level]}">` +
    `<tr><td style="padding:28px 32px"><p style="margin:0 0 6px;font-size:12px;letter-spacing:.04em;color:${COLOUR[level]};font-weight:600">${level}</p>` +
    `<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3;overflow-wrap:anywhere">${escaped(title)}</h1>${content}</td></tr></table>` +
    `<p style="text-align:center;color:#8a93a0;font-size:12px;margin:16px 0 0">Session Ledger</p></body></html>`
  );
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
