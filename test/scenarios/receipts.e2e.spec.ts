import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HolderView } from '#libs/contracts';
import { startProcess, until, type RunningProcess } from '#libs/testing';
import { getWitnessPath } from '#libs/token-file';
import { desktop } from './desktop.js';
import { allOf, McpHost } from './mcp-host.js';
import { newDataDir, RunningLedger } from './running-ledger.js';

const SLEDGER = join(process.cwd(), 'apps', 'cli', 'bin', 'sledger.mjs');
const HOLDERS = Number(process.env['RECEIPT_HOLDERS'] ?? 4);

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start();
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

/** The real command line, in text as an owner reads it. */
async function sledger(...args: string[]): Promise<RunningProcess> {
  const command = await startProcess(process.execPath, {
    args: [SLEDGER, ...args],
    env: { LEDGER_DATA_DIR: ledger.dataDir },
  });
  command.child.stdin.end();
  expect(await command.exited).toEqual({ code: 0, signal: null });
  return command;
}

async function holdersOf(sessionId: string): Promise<HolderView[]> {
  const holders: HolderView[] = [];
  for await (const holder of ledger.owner.holders({ sessionId })) holders.push(holder);
  return holders;
}

describe('receipts', () => {
  it('show which holders took a rotation and a revocation, and which are offline', async () => {
    const first = await ledger.install({ expiresIn: 600 });
    const dirs = [first.dataDir, ...Array.from({ length: HOLDERS - 1 }, newDataDir)];
    for (const [index, dir] of dirs.slice(1).entries()) await ledger.hold(dir, first.session, `desk-${index}`);
    const hosts = await Promise.all(
      dirs.map((dataDir, index) =>
        McpHost.connect({ dataDir, baseUrl: ledger.baseUrl, ...(index > 0 && { holder: `desk-${index - 1}` }) }),
      ),
    );
    await using _all = allOf(hosts);
    const acknowledged = async (count: number, wanted: Partial<HolderView>): Promise<HolderView[]> =>
      await until(
        async () => {
          const holders = await holdersOf(first.session.id);
          const done = holders.filter((holder) =>
            Object.entries(wanted).every(([name, value]) => holder[name as keyof HolderView] === value),
          );
          if (done.length === count) return holders;
          throw new Error(JSON.stringify(holders));
        },
        { describe: `${count} receipts of ${JSON.stringify(wanted)}` },
      );
    await acknowledged(HOLDERS, { generation: 0 });
    await ledger.owner.rotateSession(first.session.id);
    await acknowledged(HOLDERS, { generation: 1 });

    const offline = hosts.at(-1);
    offline?.process.signal('SIGSTOP');
    await ledger.owner.revokeSession(first.session.id);
    const holders = await acknowledged(HOLDERS - 1, { ended: true });
    expect(holders.filter(({ ended }) => !ended).map(({ name }) => name)).toEqual([`desk-${HOLDERS - 2}`]);
    const { stdout } = await sledger('holder', 'list', '--session', first.session.id);
    const missing = `desk-${HOLDERS - 2}`;
    const line = new RegExp(
      `${HOLDERS - 1} of ${HOLDERS} took the end of the session in \\d+ ms; (behind|offline): ${missing}`,
    );
    expect(stdout).toMatch(line);
    offline?.process.signal('SIGCONT');
    await acknowledged(HOLDERS, { ended: true });
    expect((await sledger('holder', 'list', '--session', first.session.id)).stdout).toMatch(
      new RegExp(`${HOLDERS} of ${HOLDERS} took the end of the session in \\d+ ms\\s*$`),
    );
  });

  it('bring the holder a witness of the log, which an export of it is checked against', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using _it = await desktop(ledger, installation);
    const witness = getWitnessPath(installation.dataDir);
    await until(() => existsSync(witness), { describe: 'the witness' });
    const [exported, key] = ['log.ndjson', 'log.key'].map((name) => join(newDataDir(), name)) as [string, string];
    writeFileSync(key, `${(await ledger.owner.checkpoints({ limit: 1 })).keys.join('\n')}\n`);
    await sledger('audit', 'export', '--to', exported);
    const { stdout } = await sledger('audit', 'verify', exported, '--key', key, '--witness', witness);
    expect(stdout).toMatch(/Complete up to entry \d+, as a witness says\./);
  });

  it('reach the ledger once it is back, without a call having failed for them', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    it.proxy.treat = ({ path }) => (path.endsWith('/receipts') ? 'refuse' : 'pass');
    await ledger.owner.rotateSession(installation.session.id);
    await it.host.untilSelf({ generation: 1 });
    expect((await it.host.call('session_status')).content['status']).toBe('ok');
    it.proxy.treat = () => 'pass';
    await until(async () => (await holdersOf(installation.session.id))[0]?.generation === 1, {
      describe: 'the receipt',
    });
  });
});
