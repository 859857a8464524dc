import { chmodSync, existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createSession } from '#libs/client';
import { type RunningProcess, startProcess, testEnvironment, until } from '#libs/testing';

const BIN = join(process.cwd(), 'apps', 'cli', 'bin', 'sledger.mjs');

function folder(): string {
  const made = mkdtempSync(join(testEnvironment().runDir, 'backup-'));
  // Where the tests run as root, PostgreSQL's user must pass it.
  chmodSync(made, 0o711);
  return made;
}

function sledger(dataDir: string, ...args: string[]): Promise<RunningProcess> {
  return sledgerWith({}, dataDir, ...args);
}

function sledgerWith(env: Record<string, string>, dataDir: string, ...args: string[]): Promise<RunningProcess> {
  const own = { LEDGER_DATA_DIR: dataDir, LEDGER_PORT: '0' };
  return startProcess(process.execPath, { args: [BIN, ...args], env: { ...own, ...env } });
}

async function run(dataDir: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const process = await sledger(dataDir, ...args);
  const { code } = await process.exited;
  return { code, output: process.output };
}

async function started(dataDir: string): Promise<RunningProcess> {
  const ledger = await sledger(dataDir, 'start');
  await ledger.waitFor(/is ready/);
  return ledger;
}

/** What the owner does between the backup and its restore: the holder in the data directory is given another token. */
async function rotate(dataDir: string): Promise<void> {
  const ledger = await started(dataDir);
  await using holder = createSession({ dataDir });
  await until(() => holder.getState().sessionId, { describe: 'the session' });
  expect((await run(dataDir, 'session', 'rotate', holder.getState().sessionId ?? '')).code).toBe(0);
  await until(() => holder.getState().generation === 1, { describe: 'the rotated token' });
  await ledger.stop();
}

function baseUrlOf(dataDir: string): string {
  return (JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as { baseUrl: string }).baseUrl;
}

describe('backup and restore', () => {
  it('bring a ledger back whole elsewhere: agents, sessions, history, keys and credential', async () => {
    const [from, to] = [folder(), folder()];
    const kept = join(folder(), 'kept');
    const first = await started(from);
    expect((await run(from, 'agent', 'add', 'trader')).code).toBe(0);
    expect((await run(from, 'mcp', 'setup')).code).toBe(0);
    const running = await run(from, 'backup', kept);
    expect(running.code).toBe(1);
    expect(running.output).toMatch(/is running/);
    await first.stop();

    expect(await run(from, 'backup', kept)).toMatchObject({ code: 0 });
    expect(statSync(kept).mode & 0o777).toBe(0o700);
    expect((await run(from, 'backup', kept)).output).toMatch(/is not empty/);
    expect((await run(from, 'restore', kept)).output).toMatch(/exists already/);
    await rotate(from);
    expect(await run(to, 'restore', kept)).toMatchObject({ code: 0 });
    const second = await started(to);
    expect((await run(to, 'agent', 'list')).output).toContain('trader');
    const sessions = JSON.parse((await run(to, 'session', 'list', '--output', 'json')).output) as { items: unknown[] };
    expect(sessions.items).toHaveLength(1);
    expect((await run(to, 'doctor')).output).toMatch(/The file has the current token/);
    // A holder elsewhere is ahead of what was restored.
    await using ahead = createSession({ dataDir: from, baseUrl: baseUrlOf(to) });
    expect(ahead.getState().generation).toBe(1);
    await until(() => ahead.getState().generation === 0, { describe: 'the restored token' });
    await until(() => ahead.getState().updates === 'connected', { describe: 'the stream of updates' });
    expect(ahead.getState()).toMatchObject({ state: 'active', reason: null });
    await ahead.dispose();
    await second.stop();
    expect(existsSync(join(to, 'server.json'))).toBe(false);
  }, 600_000);

  it('say that a sealing key kept elsewhere is not in the backup, and do a restore anew that was cut off', async () => {
    const [from, to, elsewhere] = [folder(), folder(), folder()];
    const kept = join(folder(), 'kept');
    const env = { LEDGER_SEAL_KEY_FILE: join(elsewhere, 'seal.key') };
    const first = await sledgerWith(env, from, 'start');
    await first.waitFor(/is ready/);
    await first.stop();
    const backup = await sledgerWith(env, from, 'backup', kept, '--output', 'json');
    await backup.exited;
    expect(JSON.parse(backup.stdout)).toMatchObject({ warning: expect.stringContaining(env.LEDGER_SEAL_KEY_FILE) });

    // As a kill leaves it: some of it copied, the mark still there.
    writeFileSync(join(to, 'restore.unfinished'), '');
    writeFileSync(join(to, 'issuer'), 'half');
    expect(await run(to, 'start')).toMatchObject({
      code: 1,
      output: expect.stringMatching(/was cut off. Run it again/),
    });
    expect(await run(to, 'restore', kept)).toMatchObject({ code: 0 });
    expect(readFileSync(join(to, 'issuer'), 'utf8')).toBe(readFileSync(join(from, 'issuer'), 'utf8'));
    expect(existsSync(join(to, 'restore.unfinished'))).toBe(false);
  });

  it('refuse a backup that was altered, and a folder that is none', async () => {
    const empty = folder();
    expect((await run(folder(), 'restore', empty)).output).toMatch(/is no backup/);
    expect((await run(folder(), 'backup', join(empty, 'x'))).output).toMatch(/no embedded database/);
    writeFileSync(join(empty, 'owner-key'), 'changed');
    writeFileSync(
      join(empty, 'backup.json'),
      JSON.stringify({ format: 'session-ledger-backup.v1', files: { 'owner-key': 'ab' } }),
    );
    const { code, output } = await run(folder(), 'restore', empty);
    expect([code, output]).toEqual([1, expect.stringContaining('owner-key was changed')]);
    expect(readFileSync(join(empty, 'owner-key'), 'utf8')).toBe('changed');
  });
});
