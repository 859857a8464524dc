import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNatsServer, freePort } from '#libs/embedded';
import { holdsSecrets, type RunningProcess, startProcess, testEnvironment, until } from '#libs/testing';
import type { ComposeService } from './compose-file.js';

const NODES = [1, 2, 3] as const;

/** What containers give a deployment and a single machine must replace: directories, host names, ports. Nothing else differs. */
export class LocalDeployment implements AsyncDisposable {
  readonly dataDir: string;
  private readonly processes: RunningProcess[] = [];
  private readonly ports = new Map<string, number>();

  private constructor(private readonly folder: string) {
    this.dataDir = join(folder, 'data');
    mkdirSync(this.dataDir, { mode: 0o700 });
  }

  static async prepare(databaseUrl: string): Promise<LocalDeployment> {
    const folder = mkdtempSync(join(testEnvironment().runDir, 'deployment-'));
    chmodSync(folder, 0o711);
    const deployment = new LocalDeployment(folder);
    const secrets = await startProcess(process.execPath, {
      args: ['tools/compose-secrets.mjs', join(folder, 'secrets')],
    });
    const { code } = await secrets.exited;
    if (code !== 0) throw new Error(secrets.output);
    for (const name of ['secrets', 'ledger.env']) holdsSecrets(join(folder, name), 'settings of a service');
    const env = deployment.secret('ledger.env');
    writeFileSync(
      join(folder, 'ledger.env'),
      (await deployment.localised(env)).replace(/^DATABASE_URL=.*$/m, `DATABASE_URL=${databaseUrl}`),
    );
    return deployment;
  }

  /** The three nodes on docker/nats.conf, as soon as they have a leader. */
  async startNats(): Promise<void> {
    const binary = await findNatsServer(testEnvironment());
    for (const node of NODES) {
      const folder = join(this.folder, `nats-${node}`);
      mkdirSync(folder);
      const config = readFileSync(join(process.cwd(), 'docker', 'nats.conf'), 'utf8')
        .replace('0.0.0.0:4222', `127.0.0.1:${await this.port(`nats-${node}:4222`)}`)
        .replace('0.0.0.0:6222', `127.0.0.1:${await this.port(`nats-${node}:6222`)}`)
        .replace('127.0.0.1:8222', `127.0.0.1:${await this.port(`nats-${node}:8222`)}`)
        .replace('/data', join(folder, 'data'));
      writeFileSync(join(folder, 'nats.conf'), config);
      writeFileSync(join(folder, 'passwords.conf'), await this.localised(this.secret('nats-passwords.conf')));
      const env = { NATS_NAME: `nats-${node}` };
      this.processes.push(await startProcess(binary, { args: ['-c', join(folder, 'nats.conf')], env }));
    }
    for (const node of NODES) {
      const health = `http://127.0.0.1:${await this.port(`nats-${node}:8222`)}/healthz?js-enabled-only=true`;
      await until(async () => (await fetch(health)).ok, { describe: `nats-${node} to be healthy` });
    }
  }

  /** Starts the service with its own command and environment. */
  async start(name: string, service: ComposeService): Promise<RunningProcess> {
    const [, ...args] = service.command ?? [];
    const process = await this.run(name, service, args);
    this.processes.push(process);
    return process;
  }

  /** Runs a one-off command line of the service to its end and answers what it printed. */
  async runToEnd(name: string, service: ComposeService, args: string[]): Promise<string> {
    await using process = await this.run(name, service, [...(service.entrypoint ?? []).slice(1), ...args]);
    const { code } = await process.exited;
    if (code !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${code}:\n${process.output}`);
    return process.stdout;
  }

  /** Runs the service's own health check until it succeeds. */
  async healthy(name: string, service: ComposeService): Promise<void> {
    const [, , script = '', port = ''] = service.healthcheck?.test ?? [];
    const args = [script, String(await this.port(`${name}:${port}`))];
    await until(
      async () => {
        await using check = await startProcess(process.execPath, { args });
        return (await check.exited).code === 0 || Promise.reject(new Error(check.output));
      },
      // Each check is a process of its own: some time lies between them, for those that are checked.
      { timeoutMs: 150_000, pollMs: 250, describe: `the health check of ${name}` },
    );
  }

  get natsUrl(): string {
    return /^NATS_URL=(.*)$/m.exec(readFileSync(join(this.folder, 'ledger.env'), 'utf8'))?.[1] ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.processes.reverse()) await process.stop();
  }

  private secret(file: string): string {
    return readFileSync(join(this.folder, 'secrets', file), 'utf8');
  }

  private async run(name: string, service: ComposeService, args: string[]): Promise<RunningProcess> {
    const env: Record<string, string> = {};
    for (const [key, value] of Object.entries(service.environment ?? {})) env[key] = await this.place(name, key, value);
    return startProcess(process.execPath, { args, env });
  }

  /** The few keys that name a place. */
  private async place(name: string, key: string, value: string): Promise<string> {
    switch (key) {
      case 'LEDGER_CONFIG_FILE':
        return join(this.folder, 'ledger.env');
      case 'LEDGER_DATA_DIR':
        return this.dataDir;
      case 'LEDGER_HOST':
        return '127.0.0.1';
      case 'LEDGER_PORT':
      case 'LEDGER_HEALTH_PORT':
        return String(await this.port(`${name}:${value}`));
      case 'LEDGER_BASE_URL':
        return this.localised(value);
      default:
        return value;
    }
  }

  /** Replaces `host:port` of other containers by an address of this machine. */
  private async localised(text: string): Promise<string> {
    let result = text;
    for (const [place] of text.matchAll(/\b(nats-\d|api):\d+/g)) {
      result = result.replace(place, `127.0.0.1:${await this.port(place)}`);
    }
    return result;
  }

  private async port(place: string): Promise<number> {
    const known = this.ports.get(place);
    if (known !== undefined) return known;
    let port = await freePort();
    // Nobody listens yet on those that were given away before.
    while ([...this.ports.values()].includes(port)) port = await freePort();
    this.ports.set(place, port);
    return port;
  }
}
