import { randomUUID } from 'node:crypto';
import { sessionStream } from '#libs/contracts';
import type { AppendRequest, NewEvent, SessionHead } from '#libs/ledger';

const START = 1_795_000_000;
const HEADER = '{"alg":"EdDSA","kid":"k1aB2cD3","typ":"at+jwt"}';

/** A session of the benchmark, as it stands after `version` events. */
export function sessionHead(sessionId: string, version: number): SessionHead {
  return {
    sessionId,
    agentId: '00000000-0000-7000-8000-000000000001',
    agentName: 'courier',
    status: 'active',
    version,
    generation: version - 1,
    tokenHeader: HEADER,
    tokenPayload: JSON.stringify({ sid: sessionId, gen: version - 1, pad: 'x'.repeat(220) }),
    // Another one with every renewal, as in life: the store then looks whether its signing key is revoked.
    tokenHash: String(version).padStart(64, 'a'),
    expiresIn: 604_800,
    issuedAt: START + version,
    expiresAt: START + 604_800 + version,
    absoluteExpiresAt: START + 2_592_000,
    maxRenewals: null,
    renewalCount: version - 1,
    renewalRejectWindow: 3600,
    rejectWindowEndsAt: START + 3600,
    previousTokenAccepted: true,
    constraints: {},
    reason: null,
    labels: {},
    createdAt: START,
    expiringSoonAnnounced: false,
    overdueGeneration: null,
    dueAt: START + 500_000 + version,
  };
}

/** The event of a renewal, of its real size. */
export function renewal(head: SessionHead): NewEvent {
  const { sessionId, agentId, agentName, generation, tokenHeader, tokenPayload, tokenHash, renewalCount } = head;
  return {
    id: randomUUID(),
    time: Date.now(),
    type: 'SessionRenewed',
    data: {
      sessionId,
      agentId,
      agentName,
      generation,
      cause: 'renewal',
      tokenHeader,
      tokenPayload,
      tokenHash,
      issuedAt: '2026-11-21T00:00:00Z',
      expiresAt: '2026-11-28T00:00:00Z',
      renewalCount,
      remainingRenewals: null,
      rejectWindowEndsAt: '2026-11-21T01:00:00Z',
    },
  };
}

/** The append of one renewal: an event and its head, with the expected version. */
export function renewalAppend(sessionId: string, version: number): AppendRequest {
  const head = sessionHead(sessionId, version);
  return {
    streams: [{ streamId: sessionStream(sessionId), expectedVersion: version - 1, events: [renewal(head)] }],
    heads: { sessions: [head] },
    actor: 'agent:00000000-0000-7000-8000-000000000001',
    requestId: 'benchmark',
  };
}

/** Sessions of each caller, taken in turn; versions are counted, as a command layer that has just read the head knows them. */
export class Sessions {
  private readonly next: number[];
  private readonly versions = new Map<string, number>();

  constructor(
    callers: number,
    private readonly each: number,
    private readonly firstVersion: number,
  ) {
    this.next = Array.from({ length: callers }, () => 0);
  }

  static id(slot: number, index: number): string {
    return `00000000-0000-7000-8${String(slot).padStart(3, '0')}-${String(index).padStart(12, '0')}`;
  }

  /** All sessions of so many callers. */
  static ids(callers: number, each: number): string[] {
    return Array.from({ length: callers * each }, (_, n) => Sessions.id(Math.floor(n / each), n % each));
  }

  /** The session that this caller writes next, and the version that the write leads to. */
  take(slot: number): { sessionId: string; version: number } {
    const index = this.next[slot] ?? 0;
    this.next[slot] = (index + 1) % this.each;
    const sessionId = Sessions.id(slot, index);
    const version = (this.versions.get(sessionId) ?? this.firstVersion) + 1;
    this.versions.set(sessionId, version);
    return { sessionId, version };
  }
}
