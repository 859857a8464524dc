import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { generateHolderKeys, publicKeysOf, saveHolder } from '#libs/client';
import type { SessionWithToken } from '#libs/contracts';
import type { SessionRenewed } from '#libs/session';
import { startProcess, until, type RunningProcess } from '#libs/testing';
import { getMcpTokenPath, writeMcpToken } from '#libs/token-file';
import { RunningApi } from '../../api/running-api.js';
import type { RacerReport } from './racer.js';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'dist/test/faults/api/racer.js');
const RACERS = Number(process.env['RENEWAL_RACE_PROCESSES'] ?? 10);
const WINDOWS = Number(process.env['RENEWAL_RACE_WINDOWS'] ?? 5);
/** Seconds. Long: what is raced for is the renewal, and no race is against the end of a token. */
const TTL = 3_600;
const WINDOW_TIMEOUT = 150_000;
const NOTHING: RacerReport = {
  sessionId: null,
  generation: null,
  tokenHash: null,
  stranded: 0,
  conflicts: 0,
  without: 0,
};

let api: RunningApi;
let clock: pg.Client;

beforeAll(async () => {
  api = await RunningApi.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
  clock = new pg.Client({ connectionString: api.database.url });
  await clock.connect();
});

afterAll(async () => {
  await clock?.end();
  await api?.[Symbol.asyncDispose]();
});

/** An installation of its own: data directory, keys, and its own copy of the first token. */
async function startRacer(session: SessionWithToken, name: string): Promise<RunningProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'racer-'));
  const keys = await generateHolderKeys();
  const holder = await api.owner.registerHolder({ sessionId: session.id, name, ...publicKeysOf(keys) });
  await saveHolder(dataDir, { holderId: holder.id, issuer: api.issuer, baseUrl: api.url, ...keys });
  await writeMcpToken(getMcpTokenPath(dataDir), session.token ?? '');
  return startProcess(process.execPath, { args: [MAIN, dataDir, api.url] });
}

function lastReport(racer: RunningProcess): RacerReport | null {
  const line = racer.stdout.slice(0, racer.stdout.lastIndexOf('\n')).split('\n').at(-1);
  return line ? (JSON.parse(line) as RacerReport) : null;
}

/** Half of the token's life has passed, as the ledger sees it. */
async function openWindow(sessionId: string): Promise<void> {
  await clock.query('update ledger.session_head set issued_at = issued_at - $2 where session_id = $1', [
    sessionId,
    TTL / 2,
  ]);
}

async function race(windows: number): Promise<{ reports: RacerReport[]; renewals: SessionRenewed[] }> {
  // They come together on one session and race on the next, so that nobody is late for the first window.
  const meeting = await api.session();
  const racers: RunningProcess[] = [];
  const tell = (order: string) => racers.forEach((racer) => racer.child.stdin.write(`${order}\n`));
  const all = (holds: (report: RacerReport) => boolean, what: string) =>
    until(() => racers.every((racer) => holds(lastReport(racer) ?? NOTHING)), {
      timeoutMs: WINDOW_TIMEOUT,
      describe: `every racer to ${what}; they last said ${JSON.stringify(racers.map(lastReport))}`,
    });
  try {
    for (let index = 0; index < RACERS; index++) racers.push(await startRacer(meeting, `racer-${index}`));
    await all(({ sessionId }) => sessionId === meeting.id, 'start');
    const first = await api.owner.createSession({ agentId: meeting.agentId, expiresIn: TTL, maxRenewals: null });
    tell('renew');
    await all(({ sessionId }) => sessionId === first.id, 'take the session that superseded theirs');
    tell('count');
    for (let generation = 1; generation <= windows; generation++) {
      await openWindow(first.id);
      tell('renew');
      await all((report) => report.generation === generation, `hold generation ${generation}`);
    }
    const events = await api.events(first.id);
    const renewals = events.filter(({ type }) => type === 'SessionRenewed').map(({ data }) => data as SessionRenewed);
    return { reports: racers.map((racer) => lastReport(racer) ?? NOTHING), renewals };
  } finally {
    await Promise.all(racers.map((racer) => racer.kill()));
  }
}

describe(`${RACERS} processes that renew one session, with a data directory each and no grace`, () => {
  it(
    `make exactly one renewal of each of ${WINDOWS} windows, all end with the current token, none is without one for a moment`,
    async () => {
      const { reports, renewals } = await race(WINDOWS);
      expect(renewals.map(({ generation }) => generation)).toEqual(Array.from({ length: WINDOWS }, (_, i) => i + 1));
      const current = renewals.at(-1)?.tokenHash;
      let conflicts = 0;
      for (const report of reports) {
        expect(report).toMatchObject({ generation: WINDOWS, tokenHash: current, stranded: 0, without: 0 });
        conflicts += report.conflicts;
      }
      // They did race: in each window somebody else lost.
      expect(conflicts).toBeGreaterThanOrEqual(WINDOWS);
    },
    WINDOWS * 90_000 + 300_000,
  );
});
