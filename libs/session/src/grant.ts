/** What a decision grants, before a token exists for it: the command layer signs it and completes the event. */
export interface TokenGrant {
  sessionId: string;
  agentId: string;
  generation: number;
  /** Epoch seconds. */
  issuedAt: number;
  /** Epoch seconds. */
  expiresAt: number;
  allowedOperations?: string[];
}
