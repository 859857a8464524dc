import { describe, expect, it } from '@jest/globals';
import { decideAtSend, type DueAlert, type SilenceNow } from './decide-at-send.js';

const NOW = 1_800_000_000_000;
const DAY = 24 * 3_600_000;
const ALERT: DueAlert = {
  stage: 'alert',
  eventType: 'SessionRevoked',
  level: 'WARNING',
  agentId: 'agent',
  sessionId: 'session',
  generation: null,
  causes: [],
  deadline: NOW + 3 * DAY,
};
const SNOOZE: SilenceNow = { agentId: null, sessionId: null, mode: 'snooze', endsAt: NOW + 2 * DAY };
const SILENCE: SilenceNow = { agentId: null, sessionId: 'session', mode: 'silence', endsAt: NOW + DAY };

describe('an alert that a silence and a snooze concern', () => {
  const decide = (...silences: SilenceNow[]) => decideAtSend(ALERT, null, { silences, quietUntil: null }, NOW);

  it('is dropped, although the snooze lasts longer: after it the silence would be over', () => {
    expect(decide(SNOOZE, SILENCE)).toMatchObject({ do: 'suppress', by: 'silence' });
    expect(decide(SILENCE, SNOOZE)).toMatchObject({ do: 'suppress', by: 'silence' });
  });

  it('is put off by the snooze where the silence is about another session', () => {
    expect(decide(SNOOZE, { ...SILENCE, sessionId: 'another' })).toMatchObject({ do: 'postpone', by: 'snooze' });
  });

  it('is put off to the end of the longest snooze, or dropped where its time is over by then', () => {
    expect(decide(SNOOZE, { ...SNOOZE, endsAt: NOW + DAY })).toMatchObject({ do: 'postpone', until: NOW + 2 * DAY });
    expect(decide({ ...SNOOZE, endsAt: NOW + 3 * DAY })).toMatchObject({ do: 'suppress', by: 'snooze' });
  });
});
