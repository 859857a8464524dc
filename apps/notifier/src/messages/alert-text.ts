import { type CloudEvent } from '#libs/contracts';
import { type Member } from '#libs/deliveries';
import { durationText, momentText } from './durations.js';

/** What one alert says, before it takes the form of a channel. */
export interface AlertText {
  title: string;
  facts: { label: string; value: string }[];
  /** What happened or will happen, and why: one or two sentences. */
  body: string;
  /** The one command that helps. */
  command: string | null;
  /** The same in one line of a digest. */
  line: string;
}

const NAME_LENGTH = 80;

interface SessionData {
  agentName?: string;
  sessionId?: string;
  agentId?: string;
}

/** Says what died or will die, when, why, and what helps. `now` is epoch milliseconds. */
export function alertText(member: Member, now: number): AlertText {
  const event = JSON.parse(member.envelope) as CloudEvent;
  const data = event.data as SessionData;
  const agent = shortName(data.agentName ?? data.agentId ?? '');
  const said = say(member, event, agent, now);
  const facts = [
    ...(agent ? [{ label: 'Agent', value: agent }] : []),
    ...(data.sessionId ? [{ label: 'Session', value: data.sessionId }] : []),
    ...said.facts,
    { label: 'Notification', value: member.notificationId },
  ];
  const line = `${said.title}${data.sessionId ? ` · ${data.sessionId}` : ''}${said.when ? ` · ${said.when}` : ''}`;
  return { title: said.title, facts, body: said.body, command: said.command, line };
}

interface Said {
  title: string;
  body: string;
  facts: AlertText['facts'];
  command: string | null;
  /** For the digest's line. */
  when?: string;
}

function say(member: Member, event: CloudEvent, agent: string, now: number): Said {
  const data = event.data;
  const text = (key: string): string => String(data[key] ?? '');
  const happened = { label: 'When', value: momentText(event.time) };
  const newSession = 'sledger mcp refresh-token';
  if (member.stage === 'withdrawn') {
    return {
      title: `${agent} is back: its session was renewed`,
      body: 'The renewal that was overdue has come. Nothing is left to do.',
      facts: [happened],
      command: null,
    };
  }
  switch (member.eventType) {
    case 'SessionExpiringSoon':
      return expiringSoon(member, data, agent, now);
    case 'SessionRenewalOverdue':
      return {
        title: `${agent} has not renewed its session`,
        body: 'Its token is past 80 % of its life and nobody renewed it: the agent’s process may be gone. Without a renewal the session ends with the token.',
        facts: [happened],
        command: 'sledger status',
      };
    case 'SessionRenewed':
      return {
        title: `${agent} renewed its session`,
        body: `Until ${momentText(text('rejectWindowEndsAt'))} you can reject this renewal: that ends the session.`,
        facts: [
          {
            label: 'Renewals left',
            value: data['remainingRenewals'] === null ? 'unlimited' : text('remainingRenewals'),
          },
          { label: 'Token ends', value: momentText(text('expiresAt')) },
        ],
        command: `sledger session revoke ${text('sessionId')}`,
        when: momentText(event.time),
      };
    case 'SessionRevoked':
      return {
        title: `The session of ${agent} was revoked`,
        body: `${REVOKED[text('trigger')] ?? 'It was revoked.'}${data['reason'] ? ` Reason: ${text('reason')}.` : ''} The agent has no access any more.`,
        facts: [happened],
        command: newSession,
        when: momentText(event.time),
      };
    case 'SessionExpired':
      return {
        title: `The session of ${agent} has expired`,
        body:
          text('cause') === 'absolute_lifetime'
            ? 'It reached the end of its life. The agent has no access any more.'
            : 'Its token ran out and nobody renewed it. The agent has no access any more.',
        facts: [happened],
        command: newSession,
        when: momentText(event.time),
      };
    case 'TokenReuseDetected':
      return {
        title: `An old token of ${agent} was presented`,
        body: `Somebody at ${text('addressPrefix')} tried to renew with the token of generation ${text('generation')}, which was replaced. It may have been copied. If you do not know this address, revoke the session.`,
        facts: [happened],
        command: `sledger session revoke ${text('sessionId')}`,
      };
    case 'UnprovenRenewalRefused':
      return {
        title: `Somebody without its key tried to renew the session of ${agent}`,
        body: `The current token was presented at ${text('addressPrefix')}, but not the holder’s key: the renewal was refused. The token may have been copied. If this was not you, rotate the session.`,
        facts: [happened],
        command: `sledger session rotate ${text('sessionId')}`,
      };
    case 'KillSwitchActivated':
      return {
        title: 'The kill switch is on',
        body: `No session token is accepted${data['revokeSessions'] === true ? ', and all sessions were revoked' : ''}.${data['reason'] ? ` Reason: ${text('reason')}.` : ''}`,
        facts: [happened],
        command: 'sledger kill-switch off',
      };
    case 'ChannelTest':
      return {
        title: 'This channel works',
        body: `This is the test message that you asked for on channel “${shortName(text('name'))}”.`,
        facts: [happened],
        command: null,
      };
    case 'ChannelCanary':
      return {
        title: 'This channel is alive',
        body: 'A periodic test message. Its absence would be told through the other channels.',
        facts: [happened],
        command: null,
      };
    case 'ChannelTrouble':
      return {
        title: `Alerts do not get through on channel “${shortName(text('name'))}”`,
        body: text('reason'),
        facts: [{ label: 'Channel', value: `${text('type')} ${text('channelId')}` }, happened],
        command: 'sledger channel list',
      };
    default:
      return {
        title: `${member.eventType}${agent ? `: ${agent}` : ''}`,
        body: 'It was recorded in the ledger.',
        facts: [happened],
        command: null,
      };
  }
}

function expiringSoon(member: Member, data: CloudEvent['data'], agent: string, now: number): Said {
  const { causes, remainingRenewals, endsAt } = data as {
    causes: string[];
    remainingRenewals: number | null;
    endsAt: string;
  };
  const left = durationText((Date.parse(endsAt) - now) / 1000);
  const reasons = [
    ...(causes.includes('renewals')
      ? [`${remainingRenewals} ${remainingRenewals === 1 ? 'renewal is' : 'renewals are'} left`]
      : []),
    ...(causes.includes('lifetime') ? [`${left} are left`] : []),
  ];
  return {
    title: `${member.stage === 'reminder' ? 'Reminder: the' : 'The'} session of ${agent} expires soon`,
    body: `It ends ${momentText(endsAt)}, in ${left}, because ${reasons.join(' and ')}. After that the agent has no access.`,
    facts: [
      { label: 'Ends', value: momentText(endsAt) },
      { label: 'Renewals left', value: remainingRenewals === null ? 'unlimited' : String(remainingRenewals) },
    ],
    command: 'sledger mcp refresh-token',
    when: `ends ${momentText(endsAt)}`,
  };
}

const REVOKED: Record<string, string> = {
  manual_revoke: 'The owner revoked it.',
  renewal_rejected: 'Its last renewal was rejected.',
  superseded: 'A new session took its place.',
  kill_switch: 'The kill switch revoked all sessions.',
  token_reuse: 'An old token of it was presented, and the agent’s policy ends the session then.',
};

/** A name as it may stand in a message: one line, not too long, no control or direction-changing characters. */
export function shortName(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').trim();
  const characters = [...plain];
  return characters.length <= NAME_LENGTH ? plain : `${characters.slice(0, NAME_LENGTH - 1).join('')}…`;
}
