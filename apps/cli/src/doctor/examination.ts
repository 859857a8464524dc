import type { OwnerClient } from '#libs/client';
import type { ServerStatus, SessionView } from '#libs/contracts';
import type { Environment } from '../environment.js';
import type { Settings } from '../settings.js';
import type { TokenClaims } from '../mcp-setup/token-claims.js';
import type { Finding } from './finding.js';

/** What earlier checks found out for later ones. A check that needs what is missing here says `skipped`. */
export interface Examination {
  settings: Settings;
  environment: Environment;
  /** Holder name; undefined is the default one. */
  name: string | undefined;
  baseUrl?: string;
  /** Set when a server of ours answers there. */
  answers?: boolean;
  /** Milliseconds that the server's clock is ahead of ours, from its `Date`. */
  clockAhead?: number;
  /** Set when the server takes the credential. */
  owner?: OwnerClient;
  status?: ServerStatus;
  token?: TokenClaims & { path: string; kid: string | null };
  session?: SessionView;
}

export type Check = (examination: Examination) => Promise<Finding[]>;
