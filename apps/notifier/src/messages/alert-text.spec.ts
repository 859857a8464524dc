import { describe, expect, it } from '@jest/globals';
import { MESSAGE_LANGUAGES } from '#libs/contracts';
import type { Member } from '#libs/deliveries';
import { alertText } from './alert-text.js';
import { digestText } from './digest-text.js';
import { phrasesOf } from './phrases/phrases-of.js';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const SESSION = '0193a000-0000-7000-8000-000000000001';
const ON_SESSION = { agentName: 'trader', agentId: '0193a000-0000-7000-8000-00000000000a', sessionId: SESSION };

function member(eventType: string, data: object, stage: Member['stage'] = 'alert'): Member {
  const envelope = JSON.stringify({ time: '2026-11-21T11:59:00.000000Z', data });
  return {
    deliveryId: 'd',
    notificationId: 'n',
    eventId: 'e',
    stage,
    eventType,
    level: 'WARNING',
    sessionId: SESSION,
    agentId: ON_SESSION.agentId,
    envelope,
  };
}

const EXPIRING = { ...ON_SESSION, remainingRenewals: 2, endsAt: '2026-11-22T15:30:00Z' };
const ALERTS: [string, Member][] = [
  ['few renewals', member('SessionExpiringSoon', { ...EXPIRING, causes: ['renewals'] })],
  ['little time', member('SessionExpiringSoon', { ...EXPIRING, causes: ['lifetime'], remainingRenewals: null })],
  ['both, again', member('SessionExpiringSoon', { ...EXPIRING, causes: ['renewals', 'lifetime'] }, 'reminder')],
  ['overdue', member('SessionRenewalOverdue', ON_SESSION)],
  ['back again', member('SessionRenewed', ON_SESSION, 'withdrawn')],
  [
    'renewed',
    member('SessionRenewed', {
      ...ON_SESSION,
      remainingRenewals: null,
      rejectWindowEndsAt: '2026-11-21T13:00:00Z',
      expiresAt: '2026-11-28T12:00:00Z',
    }),
  ],
  ...['manual_revoke', 'renewal_rejected', 'superseded', 'kill_switch', 'token_reuse'].map(
    (trigger): [string, Member] => [
      trigger,
      member('SessionRevoked', { ...ON_SESSION, trigger, reason: 'no longer needed' }),
    ],
  ),
  ['end of life', member('SessionExpired', { ...ON_SESSION, cause: 'absolute_lifetime' })],
  ['token ran out', member('SessionExpired', { ...ON_SESSION, cause: 'token_ttl' })],
  ['reuse', member('TokenReuseDetected', { ...ON_SESSION, addressPrefix: '192.0.2.0/24', generation: 4 })],
  ['unproven', member('UnprovenRenewalRefused', { ...ON_SESSION, addressPrefix: '192.0.2.0/24' })],
  ['kill switch', member('KillSwitchActivated', { revokeSessions: true, reason: 'drill' })],
  ['test', member('ChannelTest', { name: 'ops' }, 'test')],
  ['canary', member('ChannelCanary', {}, 'canary')],
  ['trouble', member('ChannelTrouble', { name: 'ops', type: 'email', channelId: 'c', reason: 'SMTP 550' }, 'trouble')],
  ['missed', member('AlertsMissed', { count: 7, critical: 1 }, 'trouble')],
  [
    'checkpoint',
    member('LogCheckpoint', { size: 1234, signedAt: '2026-11-21T11:58:00Z', note: 'log\n1234\n' }, 'checkpoint'),
  ],
  ['another', member('SessionCreated', ON_SESSION)],
];

describe.each(MESSAGE_LANGUAGES)('an alert in %s', (language) => {
  const phrases = phrasesOf(language);

  it.each(ALERTS)('says what, whose and when: %s', (_, alert) => {
    const { title, body, facts, line } = alertText(alert, phrases, NOW);
    const whole = JSON.stringify([title, body, facts, line]);
    expect(whole).not.toMatch(/undefined|null|NaN|Invalid/);
    const { agentName, sessionId } = (JSON.parse(alert.envelope) as { data: Partial<typeof ON_SESSION> }).data;
    if (agentName) expect(title).toContain(agentName);
    if (sessionId) expect(line).toContain(sessionId);
    if (language === 'ko')
      expect(`${title} ${facts.map(({ label }) => label).join(' ')}`).toMatch(/\p{Script=Hangul}/u);
  });

  it('gives every cause and every trigger words of its own', () => {
    const bodies = ALERTS.map(([, alert]) => alertText(alert, phrases, NOW).body);
    expect(new Set(bodies).size).toBe(bodies.length);
  });

  it('counts every event of a digest by a name and leaves none out', () => {
    const members = ALERTS.map(([, alert]) => alert);
    const { title, summary, lines } = digestText(members, phrases, NOW);
    expect(title).toContain(String(members.length));
    expect(lines).toHaveLength(members.length);
    expect(summary[0]).toBe(`3 × ${phrases.digest.names['SessionExpiringSoon']}`);
  });
});

describe('an expiry alert', () => {
  it('names the cause, the moment and the time left', () => {
    const [, few] = ALERTS[0]!;
    expect(alertText(few, phrasesOf('en'), NOW).body).toBe(
      'It ends 2026-11-22 15:30 UTC, in 1 d 3 h, because 2 renewals are left. After that the agent has no access.',
    );
    expect(alertText(few, phrasesOf('ko'), NOW).body).toBe(
      '남은 갱신이 2회입니다. 세션은 1일 3시간 후(2026-11-22 15:30 UTC)에 종료되며, 그 뒤로 에이전트는 접근할 수 없습니다.',
    );
  });
});
