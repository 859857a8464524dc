import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateHolderKeys, publicKeysOf, saveHolder } from '#libs/client';
import { type SessionWithToken } from '#libs/contracts';
import { type SessionRenewed } from '#libs/session';
import { startProcess, until, type RunningProcess } from '#libs/testing';
import { getMcpTokenPath, writeMcpToken } from '#libs/token-file';
import { RunningApi } from '../../api/running-api.js';
import { type RacerReport } from './racer.js';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'dist/test/faults/api/racer.js');
const RACERS = Number(process.env['RENEWAL_RACE_PROCESSES'] ?? 10);
const WINDOWS = Number(process.env['RENEWAL_RACE_WINDOWS'] ?? 2);
/** Seconds. */
const TTL = Number(process.env['RENEWAL_RACE_TTL'] ?? 20);
const WINDOW_TIMEOUT = 60_000;
const NOTHING: RacerReport = {
  sessionId: null,
  generation: null,
  tokenHash: null,
  stranded: 0,
  conflicts: 0,
  without: 0,
};

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
});

afterAll(() => api?.[Symbol.asyncDispose]());

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

async function race(windows: number): Promise<{ reports: RacerReport[]; renewals: SessionRenewed[] }> {
  // The slowest start must not cost anybody the first token: they come together on a long life, and race on short ones.
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
    let generation = 0;
    while (generation < windows) {
      const session = await api.owner.session(first.id);
      generation = session.generation;
      const opensAt = Date.parse(session.expiresAt) - (TTL * 1_000) / 2;
      await until(() => Date.now() >= opensAt, { timeoutMs: WINDOW_TIMEOUT, describe: 'half of the life to pass' });
      if (generation === windows) break;
      tell('renew');
      await until(async () => (await api.owner.session(first.id)).generation > generation, {
        timeoutMs: WINDOW_TIMEOUT,
        pollMs: 50,
        describe: `somebody to renew generation ${generation}; ${racers[0]?.stderr.slice(-2_000)}`,
      });
    }
    await all((report) => report.generation === windows, 'hold the last token');
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
    WINDOWS * 30_000 + 120_000,
  );
});
