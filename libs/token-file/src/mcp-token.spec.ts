import {
  mkdtempSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { getMcpTokenPath, inspectMcpToken, PrivateFileRefused, readMcpToken, writeMcpToken } from './index.js';

const TOKEN = `sl_sess_${'a'.repeat(40)}.${'b'.repeat(80)}.${'c'.repeat(86)}`;
const OTHER = `sl_sess_${'d'.repeat(40)}.${'e'.repeat(80)}.${'f'.repeat(86)}`;

function directory(): string {
  return mkdtempSync(join(tmpdir(), 'token-file-'));
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

describe('the token file', () => {
  it('T-11 is 0600 in a 0700 directory, and stays so after every rewrite', async () => {
    const path = join(directory(), 'new', 'mcp-token');
    await writeMcpToken(path, TOKEN);
    expect([modeOf(path), modeOf(join(path, '..'))]).toEqual([0o600, 0o700]);
    chmodSync(path, 0o644);
    await writeMcpToken(path, OTHER);
    expect(modeOf(path)).toBe(0o600);
    expect(readMcpToken(path)).toBe(OTHER);
  });

  it('is 0600 whatever the umask', async () => {
    const path = join(directory(), 'mcp-token');
    const previous = process.umask(0o777);
    try {
      await writeMcpToken(path, TOKEN);
    } finally {
      process.umask(previous);
    }
    expect(modeOf(path)).toBe(0o600);
  });

  it('holds the token alone, without a newline, and leaves no temporary file', async () => {
    const path = join(directory(), 'mcp-token');
    await writeMcpToken(path, TOKEN);
    expect(statSync(path).size).toBe(TOKEN.length);
    expect(readdirSync(join(path, '..'))).toEqual(['mcp-token']);
  });

  it('S-01 is refused when group or others may read it, with a line that says how to mend it', async () => {
    const path = join(directory(), 'mcp-token');
    await writeMcpToken(path, TOKEN);
    for (const mode of [0o640, 0o604, 0o660, 0o601, 0o644]) {
      chmodSync(path, mode);
      expect(readMcpToken(path)).toBeNull();
      expect(inspectMcpToken(path)).toEqual({ refused: expect.stringContaining('chmod 600') });
    }
  });

  it.each([
    ['empty', ''],
    ['without the prefix', TOKEN.slice(8)],
    ['with a newline', `${TOKEN}\n`],
    ['with two JWT parts', `sl_sess_${'a'.repeat(40)}.${'b'.repeat(80)}`],
    ['with four parts', `${TOKEN}.x`],
    ['with an empty part', `sl_sess_a..c`],
    ['two tokens', `${TOKEN} ${OTHER}`],
    ['binary', '\u0000\u0001'],
    ['longer than 8 KiB', `sl_sess_a.${'b'.repeat(8192)}.c`],
  ])('S-02 refuses content that is %s, and names no content', (_, content) => {
    const path = join(directory(), 'mcp-token');
    writeFileSync(path, content, { mode: 0o600 });
    expect(readMcpToken(path)).toBeNull();
    const verdict = inspectMcpToken(path);
    expect(verdict).toEqual({ refused: expect.any(String) });
    if ('refused' in verdict) expect(verdict.refused).not.toContain('aaaa');
  });

  it('S-04 refuses a symlink for reading and for writing, and leaves its target alone', async () => {
    const home = directory();
    const target = join(home, 'elsewhere');
    await writeMcpToken(target, TOKEN);
    const path = join(home, 'mcp-token');
    symlinkSync(target, path);
    expect(readMcpToken(path)).toBeNull();
    await expect(writeMcpToken(path, OTHER)).rejects.toBeInstanceOf(PrivateFileRefused);
    expect(readMcpToken(target)).toBe(TOKEN);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readdirSync(home).sort()).toEqual(['elsewhere', 'mcp-token']);
  });

  it('is null for a directory, a missing file and a missing directory', () => {
    const home = directory();
    mkdirSync(join(home, 'mcp-token'));
    expect(readMcpToken(join(home, 'mcp-token'))).toBeNull();
    expect(inspectMcpToken(join(home, 'nothing'))).toEqual({ missing: true });
    expect(inspectMcpToken(join(home, 'no', 'such'))).toEqual({ missing: true });
  });

  it('never writes what has not the form of a token, and does not repeat it in the error', async () => {
    const path = join(directory(), 'mcp-token');
    const failure = await writeMcpToken(path, 'secret-thing').catch((error: Error) => error);
    expect(failure).toBeInstanceOf(TypeError);
    expect(String(failure)).not.toContain('secret-thing');
  });

  it('removes its temporary file when the rename fails', async () => {
    const path = join(directory(), 'mcp-token');
    mkdirSync(path);
    await expect(writeMcpToken(path, TOKEN)).rejects.toThrow();
    expect(readdirSync(join(path, '..'))).toEqual(['mcp-token']);
  });
});

describe('a busy target on Windows', () => {
  function failing(times: number, platform: NodeJS.Platform, code = 'EPERM') {
    const calls: string[] = [];
    const rename = (from: string): Promise<void> => {
      calls.push(from);
      return calls.length <= times ? Promise.reject(Object.assign(new Error(code), { code })) : Promise.resolve();
    };
    return { calls, dependencies: { rename, platform } };
  }

  it.each([
    [1, 2],
    [3, 4],
  ])('is tried again: %i refusals end well after %i renames', async (refusals, renames) => {
    const { calls, dependencies } = failing(refusals, 'win32');
    const before = performance.now();
    await writeMcpToken(join(directory(), 'mcp-token'), TOKEN, dependencies);
    expect(calls).toHaveLength(renames);
    expect(performance.now() - before).toBeGreaterThanOrEqual(refusals * 9);
  });

  it('is given up after three retries, and the temporary file is gone', async () => {
    const home = directory();
    const { calls, dependencies } = failing(99, 'win32');
    await expect(writeMcpToken(join(home, 'mcp-token'), TOKEN, dependencies)).rejects.toMatchObject({ code: 'EPERM' });
    expect(calls).toHaveLength(4);
    expect(readdirSync(home)).toEqual([]);
  });

  it('is not tried again for another error, nor on another platform', async () => {
    const full = failing(1, 'win32', 'ENOSPC');
    await expect(writeMcpToken(join(directory(), 'a'), TOKEN, full.dependencies)).rejects.toThrow('ENOSPC');
    const linux = failing(1, 'linux');
    await expect(writeMcpToken(join(directory(), 'a'), TOKEN, linux.dependencies)).rejects.toThrow('EPERM');
    expect([full.calls.length, linux.calls.length]).toEqual([1, 1]);
  });
});

describe('the path of the token file', () => {
  it('is LEDGER_DATA_DIR before the argument before the home directory', () => {
    const before = process.env['LEDGER_DATA_DIR'];
    try {
      delete process.env['LEDGER_DATA_DIR'];
      expect(getMcpTokenPath()).toMatch(/\.session-ledger[/\\]mcp-token$/);
      expect(getMcpTokenPath('/data')).toBe('/data/mcp-token');
      process.env['LEDGER_DATA_DIR'] = '/elsewhere';
      expect(getMcpTokenPath('/data')).toBe('/elsewhere/mcp-token');
      expect(getMcpTokenPath('/data', 'laptop')).toBe('/elsewhere/mcp-tokens/laptop');
      expect(getMcpTokenPath('/data', 'default')).toBe('/elsewhere/mcp-token');
    } finally {
      if (before === undefined) delete process.env['LEDGER_DATA_DIR'];
      else process.env['LEDGER_DATA_DIR'] = before;
    }
  });

  it.each(['..', '../x', 'a/b', '', '.hidden', 'a\u0000'])('refuses the holder name %j', (name) => {
    expect(() => getMcpTokenPath('/data', name)).toThrow(TypeError);
  });
});
