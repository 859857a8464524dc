import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { describe, expect, it } from '@jest/globals';
import { createTestDatabase, until } from '#libs/testing';
import { APPS, type ComposeFile, type ComposeService, readComposeFile } from './compose-file.js';
import { LocalDeployment } from './local-deployment.js';

const compose = readComposeFile();

function service(name: keyof ComposeFile['services'] & string): ComposeService {
  const found = compose.services[name];
  if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

describe('docker-compose.yml', () => {
  it('refers only to services, secrets and volumes that it declares, and to files that exist', () => {
    for (const { depends_on = {}, secrets = [], volumes = [] } of Object.values(compose.services)) {
      for (const name of Object.keys(depends_on)) expect(compose.services).toHaveProperty([name]);
      for (const secret of secrets) {
        expect(compose.secrets).toHaveProperty([typeof secret === 'string' ? secret : secret.source]);
      }
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('.')) expect(existsSync(join(process.cwd(), source))).toBe(true);
        else expect(compose.volumes).toHaveProperty([source]);
      }
    }
  });

  it('checks the health of everything that runs', () => {
    const unchecked = Object.entries(compose.services).filter(
      ([, { healthcheck, profiles }]) => !healthcheck && !profiles,
    );
    expect(unchecked.map(([name]) => name)).toEqual([]);
  });

  it('sets only keys that the configuration knows, and no password', () => {
    const known = readFileSync(join(process.cwd(), '.env.example'), 'utf8');
    for (const name of APPS) {
      for (const [key, value] of Object.entries(service(name).environment ?? {})) {
        expect(known).toContain(`${key}=`);
        expect(value).not.toMatch(/:\/\/[^/]*@/);
      }
    }
  });
});

describe('the deployment that it describes', () => {
  it('works with the same commands, environment, NATS cluster and health checks', async () => {
    await using database = await createTestDatabase();
    await using deployment = await LocalDeployment.prepare(database.url);
    await deployment.startNats();
    for (const name of APPS) await deployment.start(name, service(name));
    await Promise.all(APPS.map((name) => deployment.healthy(name, service(name))));

    const sledger = (...args: string[]): Promise<string> =>
      deployment.runToEnd('sledger', service('sledger'), [...args, '--output', 'json']);
    await sledger('agent', 'add', 'composed');
    const session = JSON.parse(await sledger('session', 'create', '--agent', 'composed')) as { id: string };
    await until(
      async () => (await sledger('audit', 'query', '--session', session.id)).includes('ledger.session.created.v1'),
      {
        describe: 'the event in the audit search',
      },
    );

    const [first = ''] = deployment.natsUrl.split(',');
    const { host, username, password } = new URL(first);
    const nats = await connect({ servers: host, user: username, pass: password });
    const { config, cluster } = await (await jetstreamManager(nats, { timeout: 60_000 })).streams.info('LEDGER');
    await nats.close();
    expect(config.num_replicas).toBe(3);
    expect(cluster?.replicas).toHaveLength(2);
  }, 400_000);
});
