import { unlink } from 'node:fs/promises';
import { isAlive } from '#libs/token-file';
import { resolveBaseUrl } from '../../connection/connect.js';
import { readServerFile } from '../../connection/server-file.js';
import { Failure } from '../../failure.js';
import { readReadiness } from '../../status/readiness.js';
import type { Check } from '../examination.js';
import { failed, ok, type Finding } from '../finding.js';

/** Is there a server, is it ours, and is what it stands on well? */
export const checkServer: Check = async (examination) => {
  const { settings } = examination;
  try {
    examination.baseUrl = resolveBaseUrl(settings);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [failed('server', `${error.message}.`, error.remedy ?? '')];
  }
  const { baseUrl } = examination;
  const sentAt = Date.now();
  try {
    const readiness = await readReadiness(baseUrl);
    examination.answers = true;
    const { date } = readiness;
    if (date !== null) examination.clockAhead = clockAhead(date, sentAt, Date.now());
    const parts = Object.entries(readiness.checks).map(([name, { status, reason }]): Finding =>
      status === 'ok'
        ? ok(name, `${name} is well.`)
        : failed(name, `The server reports: ${name} is not well${reason ? ` (${reason})` : ''}.`, remedyOf(name)),
    );
    return [ok('server', `A ledger answers at ${baseUrl}.`), ...parts];
  } catch (error) {
    return [unreachable(baseUrl, error as Error, settings.baseUrl === undefined ? settings.dataDir : null)];
  }
};

/** The `Date` has whole seconds: the middle of the second at the middle of the exchange. */
function clockAhead(date: string, sentAt: number, receivedAt: number): number {
  return Date.parse(date) + 500 - (sentAt + receivedAt) / 2;
}

function remedyOf(name: string): string {
  if (/database|postgres/i.test(name))
    return 'Look whether PostgreSQL runs and DATABASE_URL is right; the server goes on by itself.';
  if (/nats|bus|stream/i.test(name)) {
    return 'Look whether nats-server runs and NATS_URL is right. Nothing is lost meanwhile: alerts and hot swaps catch up.';
  }
  if (/sequencer|log/i.test(name)) return 'Look into the sequencer’s log: it names what it waits for.';
  return 'Look into the server’s log.';
}

function unreachable(baseUrl: string, error: Error, dataDir: string | null): Finding {
  const server = dataDir === null ? null : readServerFile(dataDir);
  if (server !== null && server.pid !== null && !isAlive(server.pid)) {
    return failed(
      'server',
      `The server is not running: ${server.path} names process ${server.pid}, which is gone.`,
      'Start it: `sledger start`.',
      { what: `removed ${server.path}, which names a server that is gone`, run: () => unlink(server.path) },
    );
  }
  const reason = (error as { reason?: string }).reason ?? error.message;
  return failed(
    'server',
    `No ledger answers at ${baseUrl}: ${reason}.`,
    'Start it with `sledger start`, or correct --base-url.',
  );
}
