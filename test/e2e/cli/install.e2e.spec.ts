import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningProcess, startProcess, testEnvironment } from '#libs/testing';

const REPOSITORY = process.cwd();

/** An empty home, so that nothing of this machine's user is seen or changed. */
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(testEnvironment().runDir, 'install-'));
});
let last: RunningProcess | undefined;
afterAll(() => last?.kill());

async function run(
  command: string,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  last = await startProcess(command, {
    args,
    cwd: REPOSITORY,
    env: { HOME: home, npm_config_cache: join(home, 'cache') },
  });
  last.child.stdin.end();
  const { code } = await last.exited;
  return { code, stdout: last.stdout, stderr: last.stderr };
}

const NPM = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];

describe('sledger', () => {
  it.each([
    ['npm install --global .', ['install', '--global', '.']],
    ['npm link', ['link']],
  ])('is installed from the repository by %s: one command that runs anywhere', async (name, words) => {
    const prefix = join(home, name.replaceAll(/\W+/g, '-'));
    // Where npm puts global commands: for this user in an empty folder.
    writeFileSync(join(home, '.npmrc'), `prefix=${prefix}\n`);
    const installed = await run('npm', ...words, ...NPM);
    expect(installed).toMatchObject({ code: 0 });
    const command = join(prefix, 'bin', 'sledger');
    expect(existsSync(command)).toBe(true);
    expect(await run(command, '--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    const status = await run(command, 'status');
    expect([status.code, status.stdout]).toEqual([1, '']);
    expect(status.stderr).toMatch(/^sledger: no server is known: .*Start one with `sledger start`/);
  });

  it('runs by npx in the repository', async () => {
    const answer = await run('npx', '--no-install', 'sledger', '--help');
    expect(answer.code).toBe(0);
    expect(answer.stdout).toContain('A first session in three steps:');
  });
});

describe('completion in a real bash', () => {
  /** What bash would offer after these words, the last one begun. */
  async function offered(...words: string[]): Promise<string[]> {
    const bin = join(REPOSITORY, 'apps', 'cli', 'bin', 'sledger.mjs');
    const script = [
      `source <('${process.execPath}' '${bin}' completion bash)`,
      `COMP_WORDS=(sledger ${words.map((word) => `'${word}'`).join(' ')})`,
      `COMP_CWORD=${words.length}`,
      '_sledger',
      'printf "%s\\n" "${COMPREPLY[@]}"',
      'complete -p sledger',
    ].join('\n');
    const { code, stdout, stderr } = await run('bash', '--norc', '-uc', script);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.pop()).toContain('-F _sledger');
    return lines;
  }

  it('offers commands, subcommands and options where they belong', async () => {
    expect(await offered('ch')).toEqual(['channel']);
    expect(await offered('mcp', 're')).toEqual(['refresh-token']);
    expect(await offered('session', 'list', '--w')).toEqual(['--watch']);
    expect(await offered('--output', 'json', 'deliveries', 'r')).toEqual(['redeliver']);
    expect(await offered('channel', 'test', 'nothing-like-it')).toEqual(['']);
  });
});
