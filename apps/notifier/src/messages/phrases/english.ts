import type { Phrases } from './phrases.js';

export const ENGLISH: Phrases = {
  labels: {
    agent: 'Agent',
    session: 'Session',
    notification: 'Notification',
    when: 'When',
    ends: 'Ends',
    renewalsLeft: 'Renewals left',
    tokenEnds: 'Token ends',
    channel: 'Channel',
  },
  unlimited: 'unlimited',
  whatHelps: 'What helps',
  possibleRepeat: '(possible repeat) ',
  rejectRenewal: 'Reject renewal',
  units: { days: ' d', hours: ' h', minutes: ' min', seconds: ' s' },
  endsAt: (moment) => `ends ${moment}`,
  expiringSoon: ({ agent, isReminder, ends, left, causes: { renewalsLeft, timeLeft } }) => {
    const reasons = [
      ...(renewalsLeft === null ? [] : [`${renewalsLeft} ${renewalsLeft === 1 ? 'renewal is' : 'renewals are'} left`]),
      ...(timeLeft === null ? [] : [`${timeLeft} are left`]),
    ];
    return {
      title: `${isReminder ? 'Reminder: the' : 'The'} session of ${agent} expires soon`,
      body: `It ends ${ends}, in ${left}, because ${reasons.join(' and ')}. After that the agent has no access.`,
    };
  },
  backAgain: ({ agent }) => ({
    title: `${agent} is back: its session was renewed`,
    body: 'The renewal that was overdue has come. Nothing is left to do.',
  }),
  renewalOverdue: ({ agent }) => ({
    title: `${agent} has not renewed its session`,
    body: 'Its token is past 80 % of its life and nobody renewed it: the agent’s process may be gone. Without a renewal the session ends with the token.',
  }),
  renewed: ({ agent, rejectUntil }) => ({
    title: `${agent} renewed its session`,
    body: `Until ${rejectUntil} you can reject this renewal: that ends the session.`,
  }),
  revoked: ({ agent, trigger, reason }) => ({
    title: `The session of ${agent} was revoked`,
    body: `${REVOKED[trigger] ?? 'It was revoked.'}${because(reason)} The agent has no access any more.`,
  }),
  expired: ({ agent, atTheEndOfItsLife }) => ({
    title: `The session of ${agent} has expired`,
    body: atTheEndOfItsLife
      ? 'It reached the end of its life. The agent has no access any more.'
      : 'Its token ran out and nobody renewed it. The agent has no access any more.',
  }),
  tokenReuse: ({ agent, address, generation }) => ({
    title: `An old token of ${agent} was presented`,
    body: `Somebody at ${address} tried to renew with the token of generation ${generation}, which was replaced. It may have been copied. If you do not know this address, revoke the session.`,
  }),
  unprovenRenewal: ({ agent, address }) => ({
    title: `Somebody without its key tried to renew the session of ${agent}`,
    body: `The current token was presented at ${address}, but not the holder’s key: the renewal was refused. The token may have been copied. If this was not you, rotate the session.`,
  }),
  killSwitch: ({ sessionsRevoked, reason }) => ({
    title: 'The kill switch is on',
    body: `No session token is accepted${sessionsRevoked ? ', and all sessions were revoked' : ''}.${because(reason)}`,
  }),
  channelTest: ({ name }) => ({
    title: 'This channel works',
    body: `This is the test message that you asked for on channel “${name}”.`,
  }),
  channelCanary: () => ({
    title: 'This channel is alive',
    body: 'A periodic test message. Its absence would be told through the other channels.',
  }),
  channelTrouble: ({ name, reason }) => ({ title: `Alerts do not get through on channel “${name}”`, body: reason }),
  alertsMissed: ({ count, critical }) => ({
    title: 'Alerts came too late to be sent',
    body: `The notifier was away or held up for longer than alerts are worth telling: at least ${count} were not sent, ${critical} of them critical.`,
  }),
  logCheckpoint: ({ events }) => ({
    title: `Checkpoint of the log at ${events} events`,
    body: 'Keep this message: it is a witness. With its signed text, saved to a file, it can be shown later whether any of these events was changed or removed.',
  }),
  recorded: ({ type, agent }) => ({
    title: agent ? `${type}: ${agent}` : type,
    body: 'It was recorded in the ledger.',
  }),
  digest: {
    title: (count) => `${count} alerts`,
    names: {
      SessionExpiringSoon: 'session expires soon',
      SessionRenewalOverdue: 'renewal overdue',
      SessionRenewed: 'session renewed',
      SessionRevoked: 'session revoked',
      SessionExpired: 'session expired',
      TokenReuseDetected: 'old token presented',
      UnprovenRenewalRefused: 'renewal without the holder’s key',
      KillSwitchActivated: 'kill switch on',
      ChannelTrouble: 'channel in trouble',
      LogCheckpoint: 'checkpoint of the log',
      AlertsMissed: 'alerts missed',
    },
  },
};

const REVOKED: Readonly<Record<string, string>> = {
  manual_revoke: 'The owner revoked it.',
  renewal_rejected: 'Its last renewal was rejected.',
  superseded: 'A new session took its place.',
  kill_switch: 'The kill switch revoked all sessions.',
  token_reuse: 'An old token of it was presented, and the agent’s policy ends the session then.',
};

function because(reason: string | null): string {
  return reason === null ? '' : ` Reason: ${reason}.`;
}
