import { FormattedString } from '@grammyjs/parse-mode';
import type { CloudEvent } from '#libs/contracts';
import type { Member } from '#libs/deliveries';
import { rejectButton, type Button } from '../bot/buttons.js';
import { alertText } from '../messages/alert-text.js';
import { digestText, plainDigest } from '../messages/digest-text.js';
import type { Phrases } from '../messages/phrases/phrases.js';

/** What Telegram takes, after entity parsing. */
const TEXT_LIMIT = 4096;
/** More lines than this go into a file: a chat that scrolls by is read by nobody. */
const LINES_IN_TEXT = 20;

type Entities = FormattedString['entities'];

/** A message to a chat, as fixed at its first attempt. */
export interface TelegramContent {
  text: string;
  entities: Entities;
  /** The whole list, when it is too long for a message. */
  file?: { name: string; body: string };
  buttons?: Button[];
}

export function telegramContent(members: Member[], phrases: Phrases, now: number): TelegramContent {
  const [only] = members;
  return members.length === 1 && only ? single(only, phrases, now) : manyAsOne(members, phrases, now);
}

function single(member: Member, phrases: Phrases, now: number): TelegramContent {
  const alert = alertText(member, phrases, now);
  const parts = [
    FormattedString.b(alert.title),
    new FormattedString(`\n${alert.body}\n`),
    ...alert.facts.flatMap(({ label, value }) => [new FormattedString(`\n${label}: `), FormattedString.code(value)]),
    ...(alert.command ? [new FormattedString('\n\n'), FormattedString.code(alert.command)] : []),
    ...(alert.verbatim === null ? [] : [new FormattedString('\n\n'), FormattedString.pre(alert.verbatim)]),
  ];
  const button = member.eventType === 'SessionRenewed' && member.stage === 'alert' ? buttonOf(member, phrases) : null;
  return { ...fitted(join(parts)), ...(button && { buttons: [button] }) };
}

function buttonOf({ envelope }: Member, phrases: Phrases): Button {
  const { sessionId, generation } = (JSON.parse(envelope) as CloudEvent).data as {
    sessionId: string;
    generation: number;
  };
  return rejectButton(sessionId, generation, phrases.rejectRenewal);
}

function manyAsOne(members: Member[], phrases: Phrases, now: number): TelegramContent {
  const digest = digestText(members, phrases, now);
  const { title, summary, lines, verbatim } = digest;
  const head = join([FormattedString.b(title), new FormattedString(`\n${summary.join('\n')}`)]);
  const whole = join([
    head,
    new FormattedString(`\n\n${lines.join('\n')}`),
    ...verbatim.flatMap((text) => [new FormattedString('\n\n'), FormattedString.pre(text)]),
  ]);
  if (lines.length <= LINES_IN_TEXT && whole.text.length <= TEXT_LIMIT) {
    return { text: whole.text, entities: whole.entities };
  }
  return {
    ...fitted(head),
    file: { name: 'alerts.txt', body: plainDigest(digest) },
  };
}

function join(parts: FormattedString[]): FormattedString {
  return FormattedString.join(parts);
}

/** Cut at the limit, entities included: everything that must not be lost stands at the beginning. */
function fitted(whole: FormattedString): { text: string; entities: Entities } {
  const cut = whole.text.length <= TEXT_LIMIT ? whole : whole.slice(0, TEXT_LIMIT - 1).plain('…');
  return { text: cut.text, entities: cut.entities };
}
