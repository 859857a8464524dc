import { randomBytes, randomUUID } from 'node:crypto';
import { generateHolderKeys, HolderIdentity, publicKeysOf } from '#libs/client';
import {
  type Caller,
  type CommandDeps,
  commandDeps,
  createSession,
  ensureSigningKey,
  registerAgent,
  registerHolder,
} from '#libs/commands';
import { type AgentDefaults, type CreateSessionBody, sessionStream } from '#libs/contracts';
import { Database } from '#libs/database';
import { type AgentHead, createLedger, type HolderHead, type SessionHead, type StoredEvent } from '#libs/ledger';
import { loadConfig } from '#libs/platform';
import { createTestDatabase } from '#libs/testing';
import { KeyRing, SecretBox } from '#libs/tokens';

const ISSUER = 'http://127.0.0.1:3100';

/** The commands on a database of their own, without a server before them: for what happens between two of their steps. */
export class TestCommands implements AsyncDisposable {
  readonly caller: Caller = { actor: 'owner', requestId: 'test' };

  private constructor(
    readonly deps: CommandDeps,
    private readonly opened: AsyncDisposable[],
  ) {}

  static async open(): Promise<TestCommands> {
    const testDatabase = await createTestDatabase();
    const database = await Database.open({ url: testDatabase.url, applicationName: 'commands test', poolSize: 8 });
    const ledger = createLedger(database);
    const keys = new KeyRing(database, SecretBox.open({ base64: randomBytes(32).toString('base64') }));
    await ensureSigningKey({ store: ledger, heads: ledger, database, keys });
    const config = loadConfig({ LEDGER_ISSUER: ISSUER, LEDGER_MIN_TTL: '1', LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
    const deps = commandDeps({ database, ledger, keys, config });
    return new TestCommands(deps, [database, testDatabase]);
  }

  agent(defaultConstraints: AgentDefaults = {}): Promise<AgentHead> {
    return registerAgent(this.deps, { name: `agent ${randomUUID()}`, defaultConstraints }, this.caller);
  }

  async session(body: Partial<CreateSessionBody> = {}): Promise<SessionHead> {
    const agentId = body.agentId ?? (await this.agent()).agentId;
    return (await createSession(this.deps, { ...body, agentId }, this.caller)).head;
  }

  async holder(sessionId: string): Promise<{ holder: HolderHead; identity: HolderIdentity }> {
    const keys = await generateHolderKeys();
    const request = { sessionId, name: 'desktop', ...publicKeysOf(keys) };
    const holder = await registerHolder(this.deps, request, this.caller);
    return { holder, identity: new HolderIdentity(holder.holderId, ISSUER, keys) };
  }

  events(sessionId: string): Promise<StoredEvent[]> {
    return this.deps.store.readStream(sessionStream(sessionId));
  }

  /**
   * These dependencies with heads through which, after a session was read for the `nth` time, something else happens before the
   * reader goes on.
   */
  afterRead(nth: number, happens: () => Promise<unknown>): CommandDeps {
    const { heads } = this.deps;
    let reads = 0;
    return {
      ...this.deps,
      heads: {
        ...heads,
        session: async (sessionId) => {
          const snapshot = await heads.session(sessionId);
          if (++reads === nth) await happens();
          return snapshot;
        },
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.opened) await part[Symbol.asyncDispose]();
  }
}
