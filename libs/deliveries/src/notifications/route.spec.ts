import { describe, expect, it } from '@jest/globals';
import type { Channel } from '../channels/channel.js';
import { route, type Routable } from './route.js';

const NOW = 1_800_000_000_000;
const AGENT = '0193a000-0000-7000-8000-000000000001';

function channel(id: string, changes: Partial<Channel> = {}): Channel {
  return {
    id,
    type: 'webhook',
    name: id,
    events: null,
    minLevel: 'INFO',
    agents: null,
    priority: 100,
    enabled: true,
    language: 'en',
    quietHours: null,
    dailyCheckpoint: true,
    source: 'api',
    version: 1,
    createdAt: NOW,
    stoppedReason: null,
    failures: 0,
    ...changes,
  };
}

const warning: Routable = {
  type: 'SessionExpiringSoon',
  level: 'WARNING',
  agentId: AGENT,
  onlyByName: false,
  deadline: NOW + 100_000,
};
const info: Routable = { ...warning, type: 'SessionRenewed', level: 'INFO' };
const ids = (routed: { channelId: string }[]) => routed.map(({ channelId }) => channelId);

describe('routing', () => {
  it('sends a warning to all channels that match, at once', () => {
    const routed = route([channel('a'), channel('b'), channel('off', { enabled: false })], warning, NOW);
    expect(routed).toEqual([
      { channelId: 'a', rank: null, startsAt: NOW },
      { channelId: 'b', rank: null, startsAt: NOW },
    ]);
  });

  it('sends information to one channel after the other, by priority, the next with a quarter of the time left', () => {
    const routed = route([channel('second', { priority: 2 }), channel('first', { priority: 1 })], info, NOW);
    expect(routed).toEqual([
      { channelId: 'first', rank: 0, startsAt: NOW },
      { channelId: 'second', rank: 1, startsAt: NOW + 75_000 },
    ]);
  });

  it('tries a stopped channel last', () => {
    const channels = [channel('stopped', { priority: 1, stoppedReason: 'blocked' }), channel('good', { priority: 2 })];
    expect(ids(route(channels, info, NOW))).toEqual(['good', 'stopped']);
  });

  it('always sends information to a channel that names the event', () => {
    const channels = [channel('first', { priority: 1 }), channel('asked', { events: ['SessionRenewed'] })];
    expect(route(channels, info, NOW).filter(({ startsAt }) => startsAt === NOW)).toHaveLength(2);
  });

  it('keeps to level, events and agents', () => {
    const channels = [
      channel('critical only', { minLevel: 'CRITICAL' }),
      channel('other event', { events: ['SessionRevoked'] }),
      channel('other agent', { agents: ['0193a000-0000-7000-8000-000000000002'] }),
      channel('this agent', { agents: [AGENT] }),
    ];
    expect(ids(route(channels, warning, NOW))).toEqual(['this agent']);
  });

  it('sends something critical to every enabled channel at once, whatever their filters say', () => {
    const critical: Routable = { ...warning, type: 'TokenReuseDetected', level: 'CRITICAL' };
    const channels = [
      channel('all'),
      channel('other event', { events: ['SessionRevoked'] }),
      channel('other agent', { agents: ['0193a000-0000-7000-8000-000000000002'] }),
      channel('off', { enabled: false }),
    ];
    const routed = route(channels, critical, NOW);
    expect(ids(routed)).toEqual(['all', 'other event', 'other agent']);
    expect(routed.every(({ rank, startsAt }) => rank === null && startsAt === NOW)).toBe(true);
  });

  it('sends plain facts only to channels that name them', () => {
    const fact: Routable = { ...info, type: 'SessionCreated', onlyByName: true };
    expect(ids(route([channel('all'), channel('asked', { events: ['SessionCreated'] })], fact, NOW))).toEqual([
      'asked',
    ]);
  });
});
