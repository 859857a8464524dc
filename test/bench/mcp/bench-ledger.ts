import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { generateHolderKeys, OwnerClient, publicKeysOf, saveHolder } from '#libs/client';
import { bareToken, type SessionWithToken } from '#libs/contracts';
import { startProcess, until, type RunningProcess } from '#libs/testing';
import { getMcpTokenPath, writeMcpToken } from '#libs/token-file';

const MAIN = join(process.cwd(), 'dist', 'apps', 'standalone', 'src', 'main.js');

/** The embedded default on a data directory of its own; grace 0, so that only the newest token is accepted. */
export class BenchLedger implements AsyncDisposable {
  private constructor(
    private readonly root: string,
    /** File with the owner credential. */
    readonly ownerKeyFile: string,
    private readonly process: RunningProcess,
    readonly baseUrl: string,
    readonly owner: OwnerClient,
  ) {}

  /** Its data lie under `root`. */
  static async start(root: string): Promise<BenchLedger> {
    const dataDir = join(root, 'ledger');
    // Passable for PostgreSQL's own user: else its cluster would lie elsewhere and stay behind.
    mkdirSync(dataDir, { mode: 0o711 });
    const process_ = await startProcess(process.execPath, {
      args: [MAIN],
      env: {
        LEDGER_DATA_DIR: dataDir,
        LEDGER_PORT: '0',
        LEDGER_PREVIOUS_TOKEN_GRACE: '0',
        LEDGER_LOG_LEVEL: 'warn',
        LEDGER_MIN_TTL: '1',
      },
    });
    const { baseUrl } = await until(
      () => JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as { baseUrl: string },
      { timeoutMs: 120_000, describe: 'the ledger to start' },
    );
    await until(async () => (await fetch(`${baseUrl}/health/ready`)).ok, { timeoutMs: 60_000, describe: 'readiness' });
    const ownerKeyFile = join(dataDir, 'owner-key');
    const credential = readFileSync(ownerKeyFile, 'utf8').trim();
    return new BenchLedger(root, ownerKeyFile, process_, baseUrl, new OwnerClient({ baseUrl, credential }));
  }

  /** A data directory as `mcp setup` leaves it. */
  async install(expiresIn: number): Promise<{ dataDir: string; session: SessionWithToken }> {
    const agent = await this.owner.createAgent({ name: `bench ${Math.random()}` });
    const session = await this.owner.createSession({ agentId: agent.id, expiresIn });
    const dataDir = mkdtempSync(join(this.root, 'desktop-'));
    const keys = await generateHolderKeys();
    const holder = await this.owner.registerHolder({ sessionId: session.id, name: 'default', ...publicKeysOf(keys) });
    const { iss: issuer = '' } = decodeJwt(bareToken(session.token ?? ''));
    await saveHolder(dataDir, { holderId: holder.id, issuer, baseUrl: this.baseUrl, ...keys });
    await writeMcpToken(getMcpTokenPath(dataDir), session.token ?? '');
    return { dataDir, session };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}
