import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';

/** What is known of a credential that was presented, accepted or not: ids that were verified, never what proves it. */
export interface Presented {
  credential: 'password' | 'api-key' | 'session' | 'holder' | 'none';
  /** As in the event envelope. */
  actor?: string;
  /** Of a token that is one of ours. */
  sessionId?: string;
  generation?: number;
  /** The key that signed it. */
  kid?: string;
}

/** A request after the guard. */
export type ApiRequest = FastifyRequest & { principal?: Principal; presented?: Presented };
