import type { CloudEvent } from '#libs/contracts';
import type { Member } from '#libs/deliveries';
import { durationText, momentText } from './durations.js';
import type { Phrases, Saying } from './phrases/phrases.js';
import { shortName } from './short-name.js';

/** What one alert says, before it takes the form of a channel. */
export interface AlertText extends Saying {
  facts: { label: string; value: string }[];
  /** The one command that helps. */
  command: string | null;
  /** To be kept byte for byte: no form of a message may change it. */
  verbatim: string | null;
  /** The same in one line of a digest. */
  line: string;
}

/** Says what died or will die, when, why, and what helps. `now` is epoch milliseconds. */
export function alertText(member: Member, phrases: Phrases, now: number): AlertText {
  const event = JSON.parse(member.envelope) as CloudEvent;
  const { agentName, agentId, sessionId } = event.data as Partial<Record<string, string>>;
  const { labels } = phrases;
  const agent = shortName(agentName ?? agentId ?? '');
  const said = say({ member, event, agent, phrases, now });
  const facts = [
    ...(agent ? [{ label: labels.agent, value: agent }] : []),
    ...(sessionId ? [{ label: labels.session, value: sessionId }] : []),
    ...said.facts,
    { label: labels.notification, value: member.notificationId },
  ];
  const line = `${said.title}${sessionId ? ` · ${sessionId}` : ''}${said.when ? ` · ${said.when}` : ''}`;
  return { title: said.title, facts, body: said.body, command: said.command, verbatim: said.verbatim ?? null, line };
}

interface Said extends Saying {
  facts: AlertText['facts'];
  command: string | null;
  verbatim?: string;
  /** For the digest's line. */
  when?: string;
}

interface Alert {
  member: Member;
  event: CloudEvent;
  agent: string;
  phrases: Phrases;
  now: number;
}

const NEW_SESSION = 'sledger mcp refresh-token';

function say(alert: Alert): Said {
  const { member, event, agent, phrases } = alert;
  const { data } = event;
  const text = (key: string): string => String(data[key] ?? '');
  const reason = data['reason'] ? text('reason') : null;
  const when = momentText(event.time);
  const facts = [{ label: phrases.labels.when, value: when }];
  if (member.stage === 'withdrawn') return { ...phrases.backAgain({ agent }), facts, command: null };
  switch (member.eventType) {
    case 'SessionExpiringSoon':
      return expiringSoon(alert);
    case 'SessionRenewalOverdue':
      return { ...phrases.renewalOverdue({ agent }), facts, command: 'sledger status' };
    case 'SessionRenewed':
      return { ...renewed(alert), command: `sledger session revoke ${text('sessionId')}`, when };
    case 'SessionRevoked':
      return {
        ...phrases.revoked({ agent, trigger: text('trigger'), reason }),
        facts,
        command: NEW_SESSION,
        when,
      };
    case 'SessionExpired':
      return {
        ...phrases.expired({ agent, atTheEndOfItsLife: text('cause') === 'absolute_lifetime' }),
        facts,
        command: NEW_SESSION,
        when,
      };
    case 'TokenReuseDetected':
      return {
        ...phrases.tokenReuse({ agent, address: text('addressPrefix'), generation: text('generation') }),
        facts,
        command: `sledger session revoke ${text('sessionId')}`,
      };
    case 'UnprovenRenewalRefused':
      return {
        ...phrases.unprovenRenewal({ agent, address: text('addressPrefix') }),
        facts,
        command: `sledger session rotate ${text('sessionId')}`,
      };
    case 'KillSwitchActivated':
      return {
        ...phrases.killSwitch({ sessionsRevoked: data['revokeSessions'] === true, reason }),
        facts,
        command: 'sledger kill-switch off',
      };
    case 'ChannelTest':
      return { ...phrases.channelTest({ name: shortName(text('name')) }), facts, command: null };
    case 'ChannelCanary':
      return { ...phrases.channelCanary(), facts, command: null };
    case 'ChannelTrouble':
      return {
        ...phrases.channelTrouble({ name: shortName(text('name')), reason: text('reason') }),
        facts: [{ label: phrases.labels.channel, value: `${text('type')} ${text('channelId')}` }, ...facts],
        command: 'sledger channel list',
      };
    case 'AlertsMissed':
      return {
        ...phrases.alertsMissed({ count: text('count'), critical: text('critical') }),
        facts,
        command: 'sledger deliveries list --status dead',
      };
    case 'LogCheckpoint':
      return {
        ...phrases.logCheckpoint({ events: text('size') }),
        facts: [{ label: phrases.labels.when, value: momentText(text('signedAt')) }],
        command: 'sledger audit verify <export> --witness <file>',
        verbatim: text('note'),
      };
    default:
      return { ...phrases.recorded({ type: member.eventType, agent }), facts, command: null };
  }
}

function expiringSoon({ member, event, agent, phrases, now }: Alert): Said {
  const { causes, remainingRenewals, endsAt } = event.data as {
    causes: string[];
    remainingRenewals: number | null;
    endsAt: string;
  };
  const ends = momentText(endsAt);
  const left = durationText((Date.parse(endsAt) - now) / 1000, phrases.units);
  return {
    ...phrases.expiringSoon({
      agent,
      isReminder: member.stage === 'reminder',
      ends,
      left,
      causes: {
        renewalsLeft: causes.includes('renewals') ? remainingRenewals : null,
        timeLeft: causes.includes('lifetime') ? left : null,
      },
    }),
    facts: [{ label: phrases.labels.ends, value: ends }, renewalsLeft(remainingRenewals, phrases)],
    command: NEW_SESSION,
    when: phrases.endsAt(ends),
  };
}

function renewed({ event, agent, phrases }: Alert): Saying & { facts: Said['facts'] } {
  const { rejectWindowEndsAt, expiresAt, remainingRenewals } = event.data as {
    rejectWindowEndsAt: string;
    expiresAt: string;
    remainingRenewals: number | null;
  };
  return {
    ...phrases.renewed({ agent, rejectUntil: momentText(rejectWindowEndsAt) }),
    facts: [
      renewalsLeft(remainingRenewals, phrases),
      { label: phrases.labels.tokenEnds, value: momentText(expiresAt) },
    ],
  };
}

function renewalsLeft(count: number | null, { labels, unlimited }: Phrases): { label: string; value: string } {
  return { label: labels.renewalsLeft, value: count === null ? unlimited : String(count) };
}
