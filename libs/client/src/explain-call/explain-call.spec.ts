import { describe, expect, it } from '@jest/globals';
import { cloudEventType, type CloudEvent, type EventData, type EventType } from '#libs/contracts';
import { explainCall, VERDICTS, type Verdict } from './index.js';

const SESSION = '0197c2aa-0000-7000-8000-000000000001';
const AGENT = '0197c2aa-0000-7000-8000-0000000000a1';
const HOLDER = 'holder:0197c2aa-0000-7000-8000-0000000000b1';
const START = Date.parse('2026-11-01T00:00:00Z');
const TTL = 1000;

const at = (second: number) => new Date(START + second * 1000);
const text = (second: number) => at(second).toISOString().replace('.000Z', 'Z');
const subject = { sessionId: SESSION, agentId: AGENT, agentName: 'trader' };
const token = { tokenHeader: '{}', tokenPayload: '{}', tokenHash: 'aa' };

/** Tells events one after the other, as the ledger would. */
class Story {
  readonly session: CloudEvent[] = [];
  readonly context: CloudEvent[] = [];
  private position = 0;

  tell<T extends EventType>(second: number, actor: string, type: T, data: EventData[T]): this {
    const own = type.startsWith('Session') || type.startsWith('Token') || type.startsWith('Unproven');
    const list = own ? this.session : this.context;
    list.push({
      specversion: '1.0',
      id: `e${this.position}`,
      source: 'urn:test',
      type: cloudEventType(type),
      subject: SESSION,
      time: text(second),
      datacontenttype: 'application/json',
      data: { ...data },
      position: ++this.position,
      streamversion: list.length + 1,
      actor,
      requestid: 'r',
      leaf: '00',
    });
    return this;
  }

  created({ maxRenewals = 3, lifetime = 100_000 }: { maxRenewals?: number | null; lifetime?: number } = {}): this {
    return this.tell(0, 'owner', 'SessionCreated', {
      ...subject,
      ...token,
      generation: 0,
      expiresIn: TTL,
      issuedAt: text(0),
      expiresAt: text(TTL),
      absoluteExpiresAt: text(lifetime),
      maxRenewals,
      renewalRejectWindow: 300,
      constraints: {},
    });
  }

  renewed(second: number, generation: number, cause: 'renewal' | 'rotation' = 'renewal'): this {
    return this.tell(second, cause === 'renewal' ? HOLDER : 'owner', 'SessionRenewed', {
      ...subject,
      ...token,
      generation,
      cause,
      issuedAt: text(second),
      expiresAt: text(second + TTL),
      renewalCount: generation,
      remainingRenewals: 3 - generation,
      rejectWindowEndsAt: text(second + 300),
    });
  }

  revoked(second: number, trigger: EventData['SessionRevoked']['trigger'], reason?: string): this {
    return this.tell(second, 'owner', 'SessionRevoked', { ...subject, trigger, ...(reason && { reason }) });
  }
}

const story = () => new Story().created();

interface Case {
  name: string;
  events: Story;
  second: number;
  generation?: number;
  verdict: Verdict;
  says: RegExp;
  who?: string;
}

const CASES: Case[] = [
  {
    name: 'the current token',
    events: story(),
    second: 10,
    verdict: 'ACCEPTED',
    says: /generation 0 was the current token/,
  },
  {
    name: 'a call before the session',
    events: story(),
    second: -5,
    verdict: 'NOT_CREATED_YET',
    says: /did not exist yet/,
  },
  {
    name: 'the previous token right after its renewal',
    events: story().renewed(600, 1),
    second: 620,
    generation: 0,
    verdict: 'ACCEPTED_IN_GRACE',
    says: /generation 0 had just been renewed/,
    who: HOLDER,
  },
  {
    name: 'the previous token after its grace',
    events: story().renewed(600, 1),
    second: 631,
    generation: 0,
    verdict: 'RENEWED_BY_HOLDER',
    says: /generation 0 was replaced by holder:.* at 2026-11-01T00:10:00Z; the current one is 1/,
    who: HOLDER,
  },
  {
    name: 'the token before a rotation, at once',
    events: story().renewed(600, 1, 'rotation'),
    second: 601,
    generation: 0,
    verdict: 'ROTATED_BY_OWNER',
    says: /replaced by owner/,
    who: 'owner',
  },
  {
    name: 'a token that was never issued',
    events: story(),
    second: 10,
    generation: 7,
    verdict: 'GENERATION_UNKNOWN',
    says: /No token of generation 7/,
  },
  {
    name: 'a revoked session',
    events: story().revoked(100, 'manual_revoke', 'laptop lost'),
    second: 101,
    verdict: 'REVOKED_BY_OWNER',
    says: /owner revoked it at .* \(laptop lost\)/,
    who: 'owner',
  },
  {
    name: 'a rejected renewal',
    events: story().renewed(600, 1).revoked(700, 'renewal_rejected'),
    second: 701,
    verdict: 'RENEWAL_REJECTED',
    says: /rejected its last renewal/,
  },
  {
    name: 'a superseded session',
    events: story().revoked(100, 'superseded'),
    second: 5000,
    verdict: 'SUPERSEDED_BY_SESSION',
    says: /newer session/,
  },
  {
    name: 'a session ended by the kill switch',
    events: story().revoked(100, 'kill_switch'),
    second: 101,
    verdict: 'REVOKED_BY_KILL_SWITCH',
    says: /kill switch/,
  },
  {
    name: 'a session ended for reuse',
    events: story()
      .renewed(600, 1)
      .tell(700, 'system', 'TokenReuseDetected', { ...subject, generation: 0, addressPrefix: '203.0.113.0/24' })
      .revoked(700, 'token_reuse'),
    second: 701,
    verdict: 'REVOKED_FOR_REUSE',
    says: /old token was presented again/,
    who: 'system',
  },
  {
    name: 'a call under the kill switch',
    events: story().tell(50, 'owner', 'KillSwitchActivated', { revokeSessions: false }),
    second: 60,
    verdict: 'KILL_SWITCH_ACTIVE',
    says: /turned on by owner at 2026-11-01T00:00:50Z/,
    who: 'owner',
  },
  {
    name: 'a call after the kill switch',
    events: story()
      .tell(50, 'owner', 'KillSwitchActivated', { revokeSessions: false })
      .tell(55, 'owner', 'KillSwitchReleased', {}),
    second: 60,
    verdict: 'ACCEPTED',
    says: /current token/,
  },
  {
    name: 'an end without renewals',
    events: new Story().created({ maxRenewals: 0 }),
    second: TTL,
    verdict: 'RENEWALS_USED_UP',
    says: /allows no renewals.*RENEWAL_LIMIT_REACHED/,
  },
  {
    name: 'an end after the last renewal',
    events: new Story().created({ maxRenewals: 1 }).renewed(600, 1),
    second: 1600,
    verdict: 'RENEWALS_USED_UP',
    says: /All 1 renewals were used/,
  },
  {
    name: 'the end of the lifetime',
    events: new Story().created({ lifetime: 1400 }),
    second: 1200,
    verdict: 'LIFETIME_USED_UP',
    says: /SESSION_ABSOLUTE_LIFETIME_EXCEEDED/,
  },
  {
    name: 'an end while the agent was disabled',
    events: story().tell(400, 'owner', 'AgentDisabled', { agentId: AGENT }),
    second: 1001,
    verdict: 'AGENT_DISABLED',
    says: /owner disabled the agent/,
    who: 'owner',
  },
  {
    name: 'an end under the kill switch',
    events: story().tell(400, 'owner', 'KillSwitchActivated', { revokeSessions: false }),
    second: 1001,
    verdict: 'KILL_SWITCH_BLOCKED_RENEWAL',
    says: /let no renewal pass/,
  },
  {
    name: 'an end after an unproven renewal',
    events: story().tell(600, `agent:${AGENT}`, 'UnprovenRenewalRefused', {
      ...subject,
      generation: 0,
      addressPrefix: '203.0.113.0/24',
    }),
    second: 1001,
    verdict: 'RENEWAL_WITHOUT_PROOF',
    says: /HOLDER_REQUIRED/,
    who: `agent:${AGENT}`,
  },
  {
    name: 'an end because the renewer was gone',
    events: story()
      .renewed(600, 1)
      .tell(1400, 'system', 'SessionRenewalOverdue', { ...subject, generation: 1 }),
    second: 1700,
    verdict: 'NOBODY_RENEWED',
    says: /last renewal was by holder:/,
    who: 'system',
  },
];

describe('explainCall', () => {
  it.each(CASES)('finds the cause of $name', ({ events, second, generation, verdict, says, who }) => {
    const call = { at: at(second), ...(generation !== undefined && { generation }) };
    const explained = explainCall(events, call);
    expect(explained).toMatchObject({
      verdict,
      accepted: VERDICTS[verdict].accepted,
      errorCode: VERDICTS[verdict].code,
    });
    expect(explained.summary).toMatch(says);
    expect(explained.remedy).not.toBe('');
    if (who !== undefined) expect(explained.chain.map(({ actor }) => actor)).toContain(who);
  });

  it('knows a story for every verdict', () => {
    expect(new Set(CASES.map(({ verdict }) => verdict))).toEqual(new Set(Object.keys(VERDICTS)));
  });

  it('judges a call by what had happened until then, not by what came later', () => {
    const events = story().renewed(600, 1).revoked(700, 'manual_revoke');
    const verdicts = [599, 600, 699, 700].map((second) => explainCall(events, { at: at(second) }).verdict);
    expect(verdicts).toEqual(['ACCEPTED', 'ACCEPTED', 'ACCEPTED', 'REVOKED_BY_OWNER']);
  });

  it('does not depend on the order in which events are given', () => {
    const events = story().renewed(600, 1).renewed(1200, 2).revoked(1300, 'manual_revoke');
    const shuffled = { session: [...events.session].reverse(), context: events.context };
    expect(explainCall(shuffled, { at: at(1301) })).toEqual(explainCall(events, { at: at(1301) }));
  });

  it.each([
    { told: TTL, renewals: 3, left: 3, why: /at .*: nobody has renewed it, and it ends with its token/ },
    { told: TTL, renewals: 0, left: 0, why: /no renewal is left/ },
    { told: 100_000, renewals: 3, left: 3, why: /3 renewals were left, and its lifetime ends then/ },
  ])(
    'an accepted call of a session that was announced to end at $told says so: $why',
    ({ told, renewals, left, why }) => {
      const story = new Story().created({ maxRenewals: renewals }).tell(900, 'system', 'SessionExpiringSoon', {
        ...subject,
        causes: ['lifetime'],
        remainingRenewals: left,
        endsAt: text(told),
        trigger: 'sweep',
      });
      const explained = explainCall(story, { at: at(950) });
      expect(explained).toMatchObject({ verdict: 'ACCEPTED', accepted: true });
      expect(explained.summary).toContain(text(told));
      expect(explained.summary).toMatch(why);
      expect(explained.chain.at(-1)).toMatchObject({ at: text(900), what: `announced the end for ${text(told)}` });
    },
  );

  it('an end that was announced for a token that was renewed since is not told any more', () => {
    const story = new Story()
      .created()
      .tell(900, 'system', 'SessionExpiringSoon', {
        ...subject,
        causes: ['lifetime'],
        remainingRenewals: 3,
        endsAt: text(TTL),
        trigger: 'sweep',
      })
      .renewed(950, 1);
    expect(explainCall(story, { at: at(960) }).summary).not.toContain('about to end');
  });
});
