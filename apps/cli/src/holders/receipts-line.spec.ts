import { describe, expect, it } from '@jest/globals';
import type { SessionHolderView, SessionHoldersView } from '#libs/contracts';
import { receiptsLine } from './receipts-line.js';

function holder(name: string, standing: SessionHolderView['standing'], latencyMs: number | null): SessionHolderView {
  const none = { generation: null, ended: false, acknowledgedAt: null, lastSeenAt: null };
  return { id: name, name, standing, latencyMs, ...none };
}

function view(items: SessionHolderView[], ended = false): SessionHoldersView {
  const count = (wanted: SessionHolderView['standing']) => items.filter(({ standing }) => standing === wanted).length;
  const counts = { current: count('current'), behind: count('behind'), offline: count('offline') };
  return { sessionId: 's', generation: 7, ended, changedAt: '2026-01-01T00:00:00Z', ...counts, items };
}

describe('the line of receipts', () => {
  it('says how many took the change, in what time, and who did not', () => {
    const items = [holder('a', 'current', 12), holder('b', 'current', 240), holder('c', 'offline', null)];
    expect(receiptsLine(view(items, true))).toBe('2 of 3 took the end of the session in 240 ms; offline: c');
    expect(receiptsLine(view(items))).toBe('2 of 3 took generation 7 in 240 ms; offline: c');
  });

  it('names those behind apart from those offline, and no time where nobody took it', () => {
    const items = [holder('a', 'behind', null), holder('b', 'offline', null)];
    expect(receiptsLine(view(items))).toBe('0 of 2 took generation 7; behind: a; offline: b');
  });
});
