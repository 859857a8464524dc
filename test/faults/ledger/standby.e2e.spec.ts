import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { STREAM } from '#libs/contracts';
import { connectNats } from '#libs/messaging';
import { auditPosition } from '#libs/read-models';
import { startProcess, startTestNats, until, type RunningProcess } from '#libs/testing';
import { appendMany, createLog } from './log-fixture.js';

const EVENTS = 1_500;
const DIST = join(import.meta.dirname, '..', '..', '..', 'dist', 'apps');

const pidOf = (child: RunningProcess) => /"leading the log"/.test(child.output);

const ROUNDS = Number(process.env['STANDBY_ROUNDS'] ?? 1);

it.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
  'round %i: of two sequencers and two projectors one leads, and the other takes over from a kill -9 with nothing lost or doubled',
  async () => {
    await using nats = await startTestNats();
    await using log = await createLog();
    const env = {
      DATABASE_URL: log.url,
      NATS_URL: nats.url,
      LEDGER_SEAL_KEY: Buffer.alloc(32, 7).toString('base64'),
      LEDGER_DATA_DIR: mkdtempSync(join(tmpdir(), 'ledger-')),
    };
    const start = async (app: string) => {
      const child = await startProcess(process.execPath, { args: [join(DIST, app, 'src', 'main.js')], env });
      await child.waitFor(new RegExp(`${app} is ready`));
      return child;
    };
    const sequencers = [await start('sequencer'), await start('sequencer')];
    const projectors = [await start('projector'), await start('projector')];
    const connection = await connectNats({ url: nats.url, name: 'test' });
    const manager = await jetstreamManager(connection);
    const relayed = async () => (await manager.streams.info(STREAM).catch(() => null))?.state.last_seq ?? 0;

    await until(() => sequencers.filter(pidOf).length === 1, { describe: 'one leader' });
    const leader = sequencers.find(pidOf) as RunningProcess;
    const standby = sequencers.find((child) => child !== leader) as RunningProcess;

    await appendMany(log.ledger, EVENTS / 2);
    const appending = appendMany(log.ledger, EVENTS / 2);
    await Promise.all([leader.kill(), projectors[0]?.kill()]);
    await until(() => pidOf(standby), { describe: 'the standby leads' });
    await appending;
    await until(async () => (await relayed()) === EVENTS, { describe: 'all relayed' });
    await until(async () => (await auditPosition(log.database)) === EVENTS, {
      describe: 'projected',
    });

    const rows = await log.database.query<{ n: number; distinct: number; wrong: number }>(`
      select count(*)::int as n, count(distinct (a.stream_id, a.version))::int as distinct,
        count(*) filter (where e.stream_id is null)::int as wrong
      from read_model.audit a left join ledger.entry e
        on e.position = a.position and e.stream_id = a.stream_id and e.version = a.version`);
    expect(rows).toEqual([{ n: EVENTS, distinct: EVENTS, wrong: 0 }]);
    await connection.close();
    await Promise.all([standby.stop(), projectors[1]?.stop()]);
  },
  600_000,
);
