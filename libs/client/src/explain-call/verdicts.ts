/** Every answer that `explainCall` can give. `accepted`: whether the call goes through. */
export const VERDICTS = {
  ACCEPTED: { accepted: true, code: null },
  ACCEPTED_IN_GRACE: { accepted: true, code: null },
  NOT_CREATED_YET: { accepted: false, code: 'NOT_FOUND' },
  KILL_SWITCH_ACTIVE: { accepted: false, code: 'KILL_SWITCH_ACTIVE' },
  REVOKED_BY_OWNER: { accepted: false, code: 'SESSION_REVOKED' },
  RENEWAL_REJECTED: { accepted: false, code: 'SESSION_REVOKED' },
  SUPERSEDED_BY_SESSION: { accepted: false, code: 'SESSION_REVOKED' },
  REVOKED_BY_KILL_SWITCH: { accepted: false, code: 'SESSION_REVOKED' },
  REVOKED_FOR_REUSE: { accepted: false, code: 'SESSION_REVOKED' },
  RENEWED_BY_HOLDER: { accepted: false, code: 'TOKEN_SUPERSEDED' },
  ROTATED_BY_OWNER: { accepted: false, code: 'TOKEN_SUPERSEDED' },
  GENERATION_UNKNOWN: { accepted: false, code: 'TOKEN_INVALID' },
  RENEWALS_USED_UP: { accepted: false, code: 'TOKEN_EXPIRED' },
  LIFETIME_USED_UP: { accepted: false, code: 'TOKEN_EXPIRED' },
  RENEWAL_WITHOUT_PROOF: { accepted: false, code: 'TOKEN_EXPIRED' },
  AGENT_DISABLED: { accepted: false, code: 'TOKEN_EXPIRED' },
  KILL_SWITCH_BLOCKED_RENEWAL: { accepted: false, code: 'TOKEN_EXPIRED' },
  NOBODY_RENEWED: { accepted: false, code: 'TOKEN_EXPIRED' },
} as const satisfies Record<string, { accepted: boolean; code: string | null }>;

export type Verdict = keyof typeof VERDICTS;

/** One link of the chain from cause to refusal. */
export interface Link {
  /** RFC 3339 UTC. */
  at: string;
  actor: string;
  what: string;
}

export interface CallExplanation {
  verdict: Verdict;
  accepted: boolean;
  /** The code that a refused call got; null when it was accepted. */
  errorCode: string | null;
  /** Generation of the token that was used, and the current one at that time; null before the session existed. */
  generation: number | null;
  currentGeneration: number | null;
  /** One sentence. */
  summary: string;
  /** What to do; one sentence. */
  remedy: string;
  chain: Link[];
}

/** What is found out about a call, before it is put into its final form. */
export interface Finding {
  verdict: Verdict;
  summary: string;
  remedy: string;
  chain: Link[];
}

/** The remedy of most ends. */
export const NEW_SESSION = 'Make a new session: `sledger mcp refresh-token`, or `sledger session create`.';
