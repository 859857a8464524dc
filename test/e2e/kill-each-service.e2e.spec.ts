import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { OwnerClient } from '#libs/client';
import { until } from '#libs/testing';
import type { DesktopHost } from '../demo/desktop-host.js';
import { eventsOnBus } from '../demo/event-order.js';
import { FAST } from '../demo/ledger-process.js';
import { startReceivers } from '../demo/receivers.js';
import { Stage } from '../demo/stage.js';
import {
  addChannels,
  alert,
  history,
  renewal,
  refusedPolitely,
  rotation,
  setUp,
  startDesktop,
  type Setup,
  type World,
} from '../demo/story.js';
import { APPS } from './compose-file.js';
import { ServicesApart } from './services-apart.js';

/** More rounds: more moments. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 1);
/** Seconds at least. */
const TOKEN_LIFE = 20;
/** A token lives so many times as long as a service takes to start: one that is gone when the renewal is due is back before the end. */
const LIFE_IN_STARTS = 8;
/** Everything after the set-up takes a bit longer than this. */
const STORY_MS = 20_000;

interface LoggedEvent {
  position: number;
  id: string;
  type: string;
  session: boolean;
  generation: number | null;
}

/** The log as PostgreSQL has it. */
async function loggedEvents(url: string, sessionId: string): Promise<LoggedEvent[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<LoggedEvent>(
      `select n.position::int as position, e.event_id as id, e.type, e.stream_id like '%' || $1 as session,
              (e.payload::json ->> 'generation')::int as generation
         from ledger.event e left join ledger.entry n using (stream_id, version) order by n.position`,
      [sessionId],
    );
    return rows;
  } finally {
    await client.end();
  }
}

/** Kills every service once, at moments spread at random over the story. */
async function killEachOnce(apart: ServicesApart): Promise<void> {
  const share = STORY_MS / APPS.length;
  for (const app of [...APPS].sort(() => Math.random() - 0.5)) {
    const pause = Math.random() * share;
    await after(pause);
    await apart.killAndRestart(app);
    await after(share - pause);
  }
}

/** An answer that was lost with the api leaves it open whether the rotation happened: the owner rotates again. */
function rotateUnderFire(world: World, desktop: DesktopHost, setup: Setup): Promise<number> {
  return until(async () => (await rotation(world, desktop, setup)).generation, {
    timeoutMs: 240_000,
    describe: 'the rotation',
  });
}

/** Revocation is asked for until it is recorded; asked again, it changes nothing. */
function revokeUnderFire(world: World, { sessionId }: Setup): Promise<true> {
  const client = new OwnerClient({ baseUrl: world.owner.baseUrl, credential: world.ownerKey });
  const isRevoked = async (): Promise<boolean> => (await client.session(sessionId)).status === 'revoked';
  return until(
    async () => {
      if (!(await isRevoked())) await client.revokeSession(sessionId, { reason: 'end of the story' });
      return isRevoked();
    },
    { timeoutMs: 240_000, describe: 'the revocation' },
  );
}

/** The demo's story while every service is killed once; answers the session's id. */
async function storyUnderFire(world: World, apart: ServicesApart): Promise<string> {
  await addChannels(world);
  const setup = await setUp(world);
  await using desktop = await startDesktop(world, setup);

  const kills = killEachOnce(apart);
  await renewal(world, desktop, 1);
  const rotated = await rotateUnderFire(world, desktop, setup);
  await renewal(world, desktop, rotated + 1);
  await alert(world, setup);
  await revokeUnderFire(world, setup);
  await kills;
  await refusedPolitely(desktop);
  await history(world, setup);
  return setup.sessionId;
}

describe('a service that is killed at any moment', () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    'loses and repeats nothing (round %i)',
    async () => {
      await using apart = await ServicesApart.start(FAST);
      await using receivers = await startReceivers();
      const { baseUrl, dataDir } = apart;
      const ownerKey = readFileSync(join(dataDir, 'owner-key'), 'utf8').trim();
      const world: World = {
        owner: { dataDir, baseUrl },
        ownerKey,
        receivers,
        stage: new Stage(() => undefined),
        tokenLife: Math.max(TOKEN_LIFE, Math.ceil((LIFE_IN_STARTS * apart.slowestStartMs) / 1000)),
      };
      const sessionId = await apart.observe(() => storyUnderFire(world, apart));

      const log = await loggedEvents(apart.database.url, sessionId);
      const types = log.filter(({ session }) => session).map(({ type }) => type);
      expect([types.at(0), types.at(-1)]).toEqual(['SessionCreated', 'SessionRevoked']);
      expect(types.filter((type) => type === 'SessionExpiringSoon')).toHaveLength(1);
      // Every generation once, in order; the process goes on renewing until the last service is back.
      const generations = log.filter(({ type }) => type === 'SessionRenewed').map(({ generation }) => generation);
      expect(generations).toEqual(generations.map((_, index) => index + 1));
      expect(log.map(({ position }) => position)).toEqual(log.map((_, index) => index + 1));
      expect(await eventsOnBus(apart.nats.url)).toEqual(log.map(({ position, id }) => ({ position, id })));

      const expiring = receivers.webhook.received.filter(({ body }) => body.includes('expiring_soon'));
      expect(new Set(expiring.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
      const mails = receivers.mail.received.filter(({ raw }) => raw.includes('expir'));
      expect(new Set(mails.map(({ mail }) => mail.messageId)).size).toBe(
        new Set(mails.map(({ mail }) => mail.subject)).size,
      );
    },
    900_000,
  );
});
