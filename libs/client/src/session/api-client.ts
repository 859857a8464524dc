import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudEvent, List, SessionView } from '#libs/contracts';
import type { ApiResult } from '../http/api-result.js';
import type { EventsQuery, LedgerApi } from './ledger-api.js';
import type { SessionManager } from './session-manager.js';
import type { SessionStatusReport } from './session-status.js';

/** A call's result, or why no call could be made. */
export type CallResult<T> =
  Exclude<ApiResult<T>, { kind: 'expired' }> | { kind: 'expired'; status: SessionStatusReport };

/** After a 401 a rotation elsewhere may be on its way into this process. Milliseconds. */
const SETTLING = 50;

/** Calls with the session's token, which is refreshed when it is refused. */
export class ApiClient {
  constructor(
    private readonly api: LedgerApi,
    private readonly manager: SessionManager,
  ) {}

  whoami(signal?: AbortSignal): Promise<CallResult<SessionView>> {
    return this.call((token) => this.api.whoami(token, signal));
  }

  events(query: EventsQuery, signal?: AbortSignal): Promise<CallResult<List<CloudEvent>>> {
    return this.call((token) => this.api.events(token, this.manager.getState().sessionId ?? '', query, signal));
  }

  sessions(query: { cursor?: string; limit?: number }, signal?: AbortSignal): Promise<CallResult<List<SessionView>>> {
    return this.call((token) => this.api.sessions(token, query, signal));
  }

  private async call<T>(send: (token: string) => Promise<ApiResult<T>>): Promise<CallResult<T>> {
    const outcome = await withFreshToken(this.manager, send, (result) => result.kind === 'expired');
    if (outcome?.kind === 'ok') this.manager.serverAnswered();
    return outcome === null || outcome.kind === 'expired'
      ? { kind: 'expired', status: this.manager.getState() }
      : outcome;
  }
}

/** Under rotation after rotation a call may meet more than one dead token; each attempt needs a newer one. */
const ATTEMPTS = 10;

/**
 * Sends with the current token; where it is refused, waits a moment, retries with a newer one if it has come meanwhile,
 * and else with what `handleUnauthorized()` finds. Null: there is no token at all.
 */
export async function withFreshToken<T>(
  manager: SessionManager,
  send: (token: string) => Promise<T>,
  refused: (result: T) => boolean,
): Promise<T | null> {
  let token = await manager.nextToken();
  if (token === null) return null;
  let result = await send(token);
  for (let attempt = 1; attempt < ATTEMPTS && refused(result); attempt += 1) {
    if (attempt === 1) await sleep(SETTLING);
    const arrived = await manager.nextToken();
    const next: string | null =
      arrived !== null && arrived !== token ? arrived : await manager.handleUnauthorized(token);
    if (next === null) return result;
    token = next;
    result = await send(token);
  }
  return result;
}
