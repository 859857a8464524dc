import type { NatsAccessView } from '#libs/contracts';
import { DEFAULT_HOLDER, getMcpTokenPath, getWitnessPath } from '#libs/token-file';
import type { HolderIdentity } from '../holder/holder-identity.js';
import { identityOf, loadHolder, type HolderEntry } from '../holder/holder-file.js';
import { Witnesses } from '../holder/witnesses.js';
import { silentLog, type Log } from '../log.js';
import { natsAccess } from '../updates/nats-access.js';
import { Updates } from '../updates/updates.js';
import { ApiClient, withFreshToken } from './api-client.js';
import { LedgerApi } from './ledger-api.js';
import { ServerClock } from './server-clock.js';
import { serverLocation } from './server-location.js';
import { SessionManager } from './session-manager.js';
import type { SessionStatusReport } from './session-status.js';

export interface CreateSessionOptions {
  /** Data directory (default `LEDGER_DATA_DIR`, else `~/.session-ledger`). */
  dataDir?: string | undefined;
  /** Where the ledger listens; default: what `server.json` in the data directory says. */
  baseUrl?: string | undefined;
  /** Which holder of the data directory to be (default `default`). */
  holder?: string | undefined;
  /** A token to begin with, where the token file holds none that is usable. */
  token?: string | undefined;
  /** Deadline of one request, milliseconds (default 10 s). */
  timeoutMs?: number | undefined;
  /** The update stream counts as `stale` after so long without a heartbeat, milliseconds (default 40 s; the server's come every 15 s). */
  staleAfterMs?: number | undefined;
  log?: Log | undefined;
}

/** A session that keeps itself: always on the newest token, renewed in time, recovering by itself. */
export interface Session {
  /** The current token (`sl_sess_…`) while it is valid, else null. Never waits. */
  getToken(): string | null;
  /** State, generation, seconds left, what is wrong. Never the token. */
  getState(): SessionStatusReport;
  /** `fetch` with the token in `Authorization`; a 401 is retried once with a newer token where there is one. */
  fetch(input: string | URL, init?: RequestInit): Promise<Response>;
  /** Told of every change of state, token or update stream; gives the way to stop listening. */
  onChange(listener: () => void): () => void;
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The parts of a session, for programs that serve more than its token (the MCP process). */
export interface SessionParts {
  manager: SessionManager;
  client: ApiClient;
  updates: Updates;
}

/** Builds the parts and starts none of them. */
export function assembleSession(options: CreateSessionOptions = {}): SessionParts {
  const log = options.log ?? silentLog;
  const clock = new ServerClock();
  const location = serverLocation(options.dataDir, options.baseUrl, options.holder);
  const api = new LedgerApi({
    baseUrl: location,
    clock,
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  });
  const holder = holderReader(options.dataDir, options.holder ?? DEFAULT_HOLDER, log);
  const tokenFile = getMcpTokenPath(options.dataDir, options.holder);
  const witnesses = new Witnesses(getWitnessPath(options.dataDir, options.holder), log);
  let handed: NatsAccessView | null = null;
  const natsOffered = (access: NatsAccessView): void => {
    const news = access.jwt !== handed?.jwt;
    handed = access;
    if (news) updates.offered();
  };
  const manager = new SessionManager({
    api,
    clock,
    tokenFile,
    environmentToken: options.token,
    holder,
    natsOffered,
    checkpointSeen: (note) => void witnesses.keep(note),
    updates: () => updates.state,
    log,
  });
  const updates: Updates = new Updates({
    baseUrl: location,
    clock,
    holder,
    token: () => manager.getToken(),
    agentId: () => manager.getState().agentId,
    natsAccess: () => natsAccess(options.dataDir) ?? handed,
    renewAccess: () => manager.askHandOver(),
    changed: () => manager.updatesChanged(),
    staleAfterMs: options.staleAfterMs,
    listener: { hear: (event) => manager.hear(event), opened: (resumed) => manager.reconnected(resumed) },
    log,
  });
  return { manager, client: new ApiClient(api, manager), updates };
}

/** Starts keeping a session. Needs neither a server nor a token to start: it recovers when they come. */
export function createSession(options: CreateSessionOptions = {}): Session {
  const { manager, updates } = assembleSession(options);
  manager.onChange((change) => {
    if (change === 'session') updates.nudge();
  });
  manager.start();
  updates.start();
  const dispose = async (): Promise<void> => {
    await Promise.all([updates.stop(), manager.dispose()]);
  };
  return {
    getToken: () => manager.getToken(),
    getState: () => manager.getState(),
    onChange: (listener) => manager.onChange(listener),
    fetch: (input, init) => fetchWithToken(manager, input, init),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

async function fetchWithToken(manager: SessionManager, input: string | URL, init: RequestInit = {}): Promise<Response> {
  const send = (token: string | null): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set('authorization', `Bearer ${token.replace(/^sl_sess_/, '')}`);
    return fetch(input, { ...init, headers });
  };
  const repeatable = !(init.body instanceof ReadableStream);
  const answer = await withFreshToken(manager, send, (response) => repeatable && response.status === 401);
  return answer ?? (await send(null));
}

/** The holder of this name, looked up again while there is none: `mcp setup` may come later. */
function holderReader(dataDir: string | undefined, name: string, log: Log): () => HolderIdentity | null {
  let current: { entry: HolderEntry; identity: HolderIdentity } | null = null;
  let complaint = '';
  let readAt = -Infinity;
  return () => {
    if (performance.now() - readAt < REREAD_HOLDER) return current?.identity ?? null;
    readAt = performance.now();
    try {
      const entry = loadHolder(dataDir, name);
      if (entry === null) return current?.identity ?? null;
      if (JSON.stringify(entry) !== JSON.stringify(current?.entry)) current = { entry, identity: identityOf(entry) };
    } catch (error) {
      const message = (error as Error).message;
      if (message !== complaint) log.warn(`The holder's keys are not usable. ${message}`);
      complaint = message;
    }
    return current?.identity ?? null;
  };
}

/** How long a look at `holder.json` is good for, milliseconds. */
const REREAD_HOLDER = 1_000;
