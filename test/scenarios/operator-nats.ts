import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { findNatsServer } from '#libs/embedded';
import { holdsSecrets, registerSecret, startProcess, testEnvironment, until, type RunningProcess } from '#libs/testing';

const encoder = new TextEncoder();

/** A token of NATS, signed by one of its keys: what `nsc` makes. */
function signed(by: nkeys.KeyPair, claims: Record<string, unknown>): string {
  const issued = {
    jti: Math.random().toString(36),
    iat: Math.floor(Date.now() / 1000),
    iss: by.getPublicKey(),
    ...claims,
  };
  const parts = [{ typ: 'JWT', alg: 'ed25519-nkey' }, issued];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${Buffer.from(by.sign(encoder.encode(text))).toString('base64url')}`;
}

function seedOf(key: nkeys.KeyPair): string {
  return new TextDecoder().decode(key.getSeed());
}

const UNLIMITED = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true };
const STORAGE = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** A real nats-server in operator mode: one operator, its system account, one account with JetStream and a signing key, one user for the services. */
export class OperatorNats implements AsyncDisposable {
  private constructor(
    private server: RunningProcess,
    private readonly config: string,
    private readonly binary: string,
    readonly url: string,
    /** What the ledger's services are configured with. */
    readonly env: Record<string, string>,
  ) {}

  static async start(): Promise<OperatorNats> {
    const { runDir, cacheDir } = testEnvironment();
    const folder = mkdtempSync(join(runDir, 'operator-nats-'));
    const [operator, system, account, signing, services] = [
      nkeys.createOperator(),
      nkeys.createAccount(),
      nkeys.createAccount(),
      nkeys.createAccount(),
      nkeys.createUser(),
    ];
    const accountJwt = signed(operator, {
      sub: account.getPublicKey(),
      name: 'ledger',
      nats: {
        type: 'account',
        version: 2,
        limits: { ...UNLIMITED, ...STORAGE },
        signing_keys: [signing.getPublicKey()],
      },
    });
    const systemJwt = signed(operator, {
      sub: system.getPublicKey(),
      name: 'system',
      nats: { type: 'account', version: 2, limits: UNLIMITED },
    });
    const operatorJwt = signed(operator, {
      sub: operator.getPublicKey(),
      name: 'operator',
      nats: { type: 'operator', version: 2 },
    });
    const servicesJwt = signed(account, {
      sub: services.getPublicKey(),
      name: 'services',
      nats: { type: 'user', version: 2, subs: -1, data: -1, payload: -1, pub: {}, sub: {} },
    });
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const config = {
      listen: '127.0.0.1:-1',
      ports_file_dir: folder,
      jetstream: { store_dir: join(folder, 'jetstream') },
      operator: operatorJwt,
      resolver: 'MEMORY',
      system_account: system.getPublicKey(),
      resolver_preload: { [account.getPublicKey()]: accountJwt, [system.getPublicKey()]: systemJwt },
    };
    const path = file('server.conf', JSON.stringify(config));
    const binary = await findNatsServer({ cacheDir });
    const server = await startProcess(binary, { args: ['-c', path] });
    const url = await until(
      () => {
        if (server.exit !== undefined) throw new Error(server.output);
        const ports = readFileSync(join(folder, `nats-server_${server.pid}.ports`), 'utf8');
        return (JSON.parse(ports) as { nats: string[] }).nats[0];
      },
      { describe: 'the nats-server to listen' },
    );
    // Restarted on the same port.
    writeFileSync(path, JSON.stringify({ ...config, listen: new URL(url).host }), { mode: 0o600 });
    const creds = `-----BEGIN NATS USER JWT-----\n${servicesJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seedOf(services)}\n------END USER NKEY SEED------\n`;
    const keeping = (name: string, key: nkeys.KeyPair, text: string): string => {
      registerSecret(`the seed in ${name}`, seedOf(key));
      holdsSecrets(join(folder, name), 'settings of a service');
      return file(name, text);
    };
    return new OperatorNats(server, path, binary, url, {
      NATS_URL: url,
      LEDGER_NATS_CREDENTIALS_FILE: keeping('services.creds', services, creds),
      LEDGER_NATS_ACCOUNT_KEY_FILE: keeping('signing.seed', signing, seedOf(signing)),
      LEDGER_NATS_ACCOUNT: account.getPublicKey(),
    });
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    await this.server.kill();
  }

  async restart(): Promise<void> {
    this.server = await startProcess(this.binary, { args: ['-c', this.config] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.kill();
  }
}
