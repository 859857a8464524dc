import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactEncrypt, importJWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  LedgerError,
  problemOf,
  type HandOverView,
  type Problem,
  type ReceiptAnswer,
  type SessionView,
} from '#libs/contracts';
import { readMcpToken, writeMcpToken } from '#libs/token-file';
import { generateHolderKeys, HolderIdentity, publicKeysOf, type HolderKeys } from '../holder/holder-identity.js';
import { silentLog } from '../log.js';
import { LedgerApi } from './ledger-api.js';
import { ServerClock } from './server-clock.js';
import { SessionManager } from './session-manager.js';

const SESSION = '019a9f3c-0000-7000-8000-0000000000a1';
const AGENT = '019a9f3c-0000-7000-8000-0000000000a2';
const HOLDER = '019a9f3c-0000-7000-8000-0000000000a3';
const BEGAN = Math.floor(Date.now() / 1000) - 100;

function tokenOf(generation: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = BEGAN + generation;
  const claims = { iss: 'http://ledger', sub: AGENT, sid: SESSION, gen: generation, iat, exp: iat + 3600 };
  return `sl_sess_${part({ alg: 'EdDSA' })}.${part(claims)}.c2lnbmVk`;
}

function viewOf(generation: number): SessionView {
  const time = new Date(BEGAN * 1000).toISOString();
  const end = new Date((BEGAN + 7200) * 1000).toISOString();
  return {
    id: SESSION,
    agentId: AGENT,
    agentName: 'courier',
    status: 'active',
    generation,
    expiresIn: 3600,
    expiresAt: end,
    absoluteExpiresAt: end,
    renewalCount: generation,
    maxRenewals: null,
    remainingRenewals: null,
    renewalRejectWindow: 3600,
    constraints: {},
    endsAt: end,
    expiringSoon: null,
    reason: null,
    labels: {},
    version: generation + 1,
    createdAt: time,
  };
}

/** A ledger with one session, whose database can be set back. */
class SmallLedger {
  /** The generation that the database says is current. */
  current = 4;
  /** The generation that is handed over; it lags behind where an answer was on its way for long. */
  handedOver: number | null = null;
  losesRenewals = false;

  private constructor(
    private readonly server: Server,
    readonly keys: HolderKeys,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      request.resume();
      void this.answer(request, response);
    });
  }

  static async start(): Promise<SmallLedger> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SmallLedger(server, await generateHolderKeys());
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer({ url, headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, body: SessionView | HandOverView | ReceiptAnswer | Problem): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (url === '/v1/holders/token') return send(200, await this.handOver());
    if (url === '/v1/holders/receipts') return send(200, { checkpoint: null });
    if (headers.authorization !== `Bearer ${tokenOf(this.current)}`) {
      return send(401, problemOf(new LedgerError('TOKEN_INVALID'), 'request'));
    }
    if (url?.endsWith('/renew') && this.losesRenewals) return void response.destroy();
    send(200, viewOf(this.current));
  }

  private async handOver(): Promise<HandOverView> {
    const generation = this.handedOver ?? this.current;
    const sealedToken = await new CompactEncrypt(new TextEncoder().encode(tokenOf(generation)))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
      .encrypt(await importJWK(publicKeysOf(this.keys).sealingKey, 'ECDH-ES'));
    return { sessionId: SESSION, generation, expiresAt: viewOf(generation).expiresAt, sealedToken };
  }
}

let ledger: SmallLedger;
let tokenFile: string;
let managers: SessionManager[] = [];

beforeEach(async () => {
  ledger = await SmallLedger.start();
  tokenFile = join(mkdtempSync(join(tmpdir(), 'keeper-')), 'mcp-token');
  await writeMcpToken(tokenFile, tokenOf(4));
});
afterEach(async () => {
  await Promise.all(managers.map((manager) => manager.dispose()));
  managers = [];
  ledger.stop();
});

/** A process of the holder, after its first look at the server. */
async function started(): Promise<SessionManager> {
  const clock = new ServerClock();
  const identity = new HolderIdentity(HOLDER, ledger.url, ledger.keys);
  const manager = new SessionManager({
    api: new LedgerApi({ baseUrl: () => ledger.url, clock }),
    clock,
    tokenFile,
    holder: () => identity,
    checkpointSeen: () => undefined,
    updates: () => 'resuming',
    log: silentLog,
  });
  managers.push(manager);
  manager.start();
  await settled(manager);
  return manager;
}

/** Steps are done one after the other: this one after all that are queued, and it does nothing. */
async function settled(manager: SessionManager): Promise<void> {
  await manager.handleUnauthorized('another token');
}

describe('a holder that renewed after the backup that was restored', () => {
  it('takes the earlier generation by hand-over once its own is refused, as do its siblings', async () => {
    const [manager, sibling] = [await started(), await started()];
    expect(manager.getToken()).toBe(tokenOf(4));
    ledger.current = 3;
    expect(await manager.handleUnauthorized(tokenOf(4))).toBe(tokenOf(3));
    expect(manager.getState()).toMatchObject({ state: 'active', reason: null, generation: 3 });
    expect(readMcpToken(tokenFile)).toBe(tokenOf(3));
    expect(await sibling.handleUnauthorized(tokenOf(4))).toBe(tokenOf(3));
    expect(readMcpToken(tokenFile)).toBe(tokenOf(3));
  });

  it('finds the way back also as a new process, which reads the refused token from the file', async () => {
    ledger.current = 3;
    const manager = await started();
    expect(manager.getToken()).toBe(tokenOf(3));
    expect(readMcpToken(tokenFile)).toBe(tokenOf(3));
  });

  it('asks about its own token where the hand-over names an earlier one after a renewal without an answer', async () => {
    const manager = await started();
    ledger.losesRenewals = true;
    expect(await manager.renewNow()).toBe('retry');
    ledger.current = 3;
    expect(await manager.renewNow()).toBe('taken');
    expect(manager.getToken()).toBe(tokenOf(3));
  });

  it('takes no earlier generation while its own is accepted', async () => {
    const manager = await started();
    ledger.handedOver = 3;
    manager.askHandOver();
    await settled(manager);
    expect([manager.getToken(), readMcpToken(tokenFile)]).toEqual([tokenOf(4), tokenOf(4)]);
  });
});
