import type { Load, Request } from './load.js';

/** What the peer printed at its start. */
export interface Peer {
  url: string;
  client_id: string;
  client_secret: string;
  /** One for each caller; replaced by each refresh. */
  refreshTokens: string[];
  accessTokens: string[];
}

type Requests = Pick<Load, 'next' | 'answered'>;

/** Refreshing with rotation, each caller its own chain, and introspection. */
export function peerLoads(peer: Peer): { refresh: Requests; introspect: Requests } {
  const { client_id, client_secret, refreshTokens, accessTokens } = peer;
  const form = (path: string, fields: Record<string, string>): Request => ({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...fields, client_id, client_secret }).toString(),
  });
  let asked = 0;
  return {
    refresh: {
      next: (caller) => form('/token', { grant_type: 'refresh_token', refresh_token: refreshTokens[caller] ?? '' }),
      answered: (caller, body) => {
        const { refresh_token: next } = JSON.parse(body) as { refresh_token?: string };
        if (next !== undefined) refreshTokens[caller] = next;
      },
    },
    introspect: {
      next: () => form('/token/introspection', { token: accessTokens[asked++ % accessTokens.length] ?? '' }),
    },
  };
}
