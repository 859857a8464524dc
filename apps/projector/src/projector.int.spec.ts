import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { agentStream } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger } from '#libs/ledger';
import { createLogger, loadConfig, type HealthReport } from '#libs/platform';
import { auditPosition, queryAudit } from '#libs/read-models';
import { createTestDatabase, startTestNats, testLogger, until } from '#libs/testing';
import { startSequencer } from '../../sequencer/src/start-sequencer.js';
import { startProjector } from './start-projector.js';

it('shows an appended event in the audit search', async () => {
  await using nats = await startTestNats();
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'test' });
  const ledger = createLedger(database);
  const logger = testLogger('test');
  const sealKey = Buffer.alloc(32, 1).toString('base64');
  const config = loadConfig({ DATABASE_URL: place.url, NATS_URL: nats.url, LEDGER_SEAL_KEY: sealKey });
  const services = [await startSequencer({ config, logger }), await startProjector({ config, logger })];
  try {
    for (let i = 1; i <= 50; i += 1) {
      const agentId = randomUUID();
      const data = { agentId, name: agentId, defaultConstraints: {} };
      const events = [{ id: randomUUID(), time: Date.now(), type: 'AgentRegistered' as const, data }];
      const streams = [{ streamId: agentStream(agentId), expectedVersion: 0, events }];
      await ledger.append({ streams, actor: 'owner', requestId: 'test' });
    }
    await until(async () => (await auditPosition(database)) === 50, { describe: 'all 50 projected' });
    const page = await queryAudit(database, { limit: 20, type: 'AgentRegistered' }, { source: 'urn:test' });
    expect(page.items.map(({ position }) => position)).toEqual(Array.from({ length: 20 }, (_, i) => 50 - i));
    expect(page.nextCursor).not.toBeNull();
  } finally {
    for (const service of services) await service.close();
  }
});

it('parks at an event that cannot be applied: not ready, alarm, nothing skipped; and goes on by itself once it can', async () => {
  await using nats = await startTestNats();
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'test' });
  const ledger = createLedger(database);
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'test', level: 'info', destination });
  const sealKey = Buffer.alloc(32, 1).toString('base64');
  const config = loadConfig({ DATABASE_URL: place.url, NATS_URL: nats.url, LEDGER_SEAL_KEY: sealKey });
  const services = [await startSequencer({ config, logger }), await startProjector({ config, logger })];
  const url = services[1]?.url ?? '';
  const ready = async () => (await fetch(`${url}/health/ready`)).status;
  const log = async () => ((await (await fetch(`${url}/health/ready`)).json()) as HealthReport).checks['log']?.status;
  const parked = async () =>
    /ledger_projector_parked\{[^}]*\} (\d)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
  const append = (actor: string) => {
    const agentId = randomUUID();
    const events = [{ id: randomUUID(), time: Date.now(), type: 'AgentEnabled' as const, data: { agentId } }];
    const streams = [{ streamId: agentStream(agentId), expectedVersion: 0, events }];
    return ledger.append({ streams, actor, requestId: 'test' });
  };
  const owner = new pg.Client({ connectionString: place.url });
  await owner.connect();
  try {
    await append('good');
    await until(async () => (await auditPosition(database)) === 1, { describe: 'the first' });
    // The other checks of health have seconds to answer, which a busy machine may not give them at the first look.
    await until(async () => (await ready()) === 200, { describe: 'readiness' });
    expect([await log(), await parked()]).toEqual(['ok', '0']);
    await owner.query(`alter table read_model.audit_g1 add constraint no_poison check (actor <> 'poison')`);
    await append('poison');
    await until(async () => (await parked()) === '1', { describe: 'the alarm' });
    await append('good');
    expect([await ready(), await log()]).toEqual([503, 'failed']);
    expect(await auditPosition(database)).toBe(1);
    expect(
      lines.filter((line) => /at position 2 cannot be applied: the read models stand still/.test(line)),
    ).toHaveLength(1);
    await owner.query('alter table read_model.audit_g1 drop constraint no_poison');
    await until(async () => (await auditPosition(database)) === 3, { timeoutMs: 60_000, describe: 'all projected' });
    await until(async () => (await parked()) === '0', { describe: 'the end of the alarm' });
    expect(await log()).toBe('ok');
    await until(async () => (await ready()) === 200, { describe: 'readiness' });
    const actors = await database.query('select actor from read_model.audit order by position');
    expect(actors).toEqual([{ actor: 'good' }, { actor: 'poison' }, { actor: 'good' }]);
  } finally {
    await owner.end();
    for (const service of services) await service.close();
  }
});
