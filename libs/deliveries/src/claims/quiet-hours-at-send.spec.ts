import { describe, expect, it } from '@jest/globals';
import { decideAtSend, type DueAlert } from './decide-at-send.js';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const ALERT: DueAlert = {
  stage: 'alert',
  eventType: 'SessionRevoked',
  level: 'WARNING',
  agentId: null,
  sessionId: null,
  generation: null,
  causes: [],
  deadline: NOW + 24 * HOUR,
};

describe('quiet hours', () => {
  const decide = (changes: Partial<DueAlert>, quietUntil: number | null = NOW + 8 * HOUR) =>
    decideAtSend({ ...ALERT, ...changes }, null, { silences: [], quietUntil }, NOW);

  it('put off what can wait', () => {
    expect(decide({})).toMatchObject({ do: 'postpone', until: NOW + 8 * HOUR, by: 'quiet_hours' });
    expect(decide({}, null)).toEqual({ do: 'send' });
  });

  it.each<[string, Partial<DueAlert>]>([
    ['a critical alert', { level: 'CRITICAL' }],
    ['a test that somebody waits for', { stage: 'test' }],
    ['trouble of another channel', { stage: 'trouble' }],
    ['an alert whose time would be over', { deadline: NOW + 7 * HOUR }],
    ['an alert that would have less time left than it waited', { deadline: NOW + 16 * HOUR - 1 }],
  ])('let through %s', (_, changes) => {
    expect(decide(changes)).toEqual({ do: 'send' });
  });

  it('put off an alert that has as much time left as it waits', () => {
    expect(decide({ deadline: NOW + 16 * HOUR })).toMatchObject({ do: 'postpone' });
  });
});
