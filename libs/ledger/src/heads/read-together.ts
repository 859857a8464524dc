import { Batches } from '../batches.js';
import type { SessionSnapshot } from '../types.js';

/** Reads at once; who asks meanwhile goes into the next ones. Few: a read of one costs nearly as much as a read of many. */
const AT_ONCE = 2;
/** Most sessions of one read. */
const MOST = 64;

type Read = (sessionIds: readonly string[]) => Promise<SessionSnapshot[]>;

interface Asked {
  /** As PostgreSQL writes it. */
  sessionId: string;
  resolve: (snapshot: SessionSnapshot | null) => void;
  reject: (error: unknown) => void;
}

/**
 * Reads of single sessions by one process. One alone is a statement of its own; those that are asked for while others are
 * under way are read together. No read begins before it was asked for: what was committed by then is seen.
 */
export class ReadsTogether {
  private readonly batches = new Batches<Asked>({
    atOnce: AT_ONCE,
    take: (waiting) => ({ batch: waiting.slice(0, MOST), later: waiting.slice(MOST) }),
    work: (batch) => this.answer(batch),
  });

  constructor(private readonly read: Read) {}

  /** One session; null when there is none. */
  session(sessionId: string): Promise<SessionSnapshot | null> {
    return new Promise((resolve, reject) => {
      this.batches.add({ sessionId: sessionId.toLowerCase(), resolve, reject });
    });
  }

  /** Never rejects: each has its own answer. */
  private async answer(batch: Asked[]): Promise<void> {
    try {
      const snapshots = await this.read([...new Set(batch.map(({ sessionId }) => sessionId))]);
      const found = new Map(snapshots.map((snapshot) => [snapshot.head.sessionId, snapshot]));
      for (const { sessionId, resolve } of batch) resolve(found.get(sessionId) ?? null);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
