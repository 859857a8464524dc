import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentView, SessionView } from '#libs/contracts';
import { until } from '#libs/testing';
import { CliFixture } from './cli-fixture.js';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await CliFixture.open();
});
afterAll(() => fixture[Symbol.asyncDispose]());

const ESCAPE = String.fromCharCode(27);

describe('agents and sessions', () => {
  it('are registered, issued, listed, shown, rotated and revoked, by name and by short id', async () => {
    const agent = await fixture.json<AgentView>(
      'agent',
      'add',
      'trader',
      '--expires-in',
      '7d',
      '--allowed-ops',
      'read, trade',
    );
    expect(agent.defaultConstraints).toEqual({ expiresIn: 604_800, allowedOperations: ['read', 'trade'] });
    const listed = await fixture.run('agent', 'list');
    expect(listed.stdout).toMatch(/^ID +NAME +STATE/);
    expect(listed.stdout).toContain('trader');
    expect(listed.stdout).not.toContain(ESCAPE);

    const file = join(fixture.home.home, 'token');
    const session = await fixture.json<SessionView>(
      'session',
      'create',
      '--agent',
      'trader',
      '--token-file',
      file,
      '--label',
      'team=ops',
    );
    expect(readFileSync(file, 'utf8')).toMatch(/^sl_sess_[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(session).not.toHaveProperty('token');
    expect(session.labels).toEqual({ team: 'ops' });

    const short = session.id.slice(0, 13);
    await until(async () => (await fixture.run('session', 'show', short)).stdout.includes('session.created'), {
      describe: 'the history to show the creation',
    });
    const rotated = await fixture.json<SessionView>('session', 'rotate', short, '--token-file', file);
    expect(rotated.generation).toBe(1);
    expect((await fixture.run('session', 'list')).stdout).toMatch(/trader +active +1 +0\/30 .* team=ops$/m);
    const revoked = await fixture.run('session', 'revoke', short, '--reason', 'a test');
    expect(revoked).toMatchObject({ exit: 0, stderr: '' });
    expect(revoked.stdout).toContain('is revoked');
    expect((await fixture.run('session', 'revoke', short)).stdout).toContain('had ended already');
    expect((await fixture.run('session', 'list')).stdout).toContain('No sessions');
    expect((await fixture.json<{ items: SessionView[] }>('session', 'list', '--all')).items[0]?.status).toBe('revoked');
  });

  it('show a state as it was at a time', async () => {
    await fixture.json('agent', 'add', 'past');
    const { id } = await fixture.json<SessionView>(
      'session',
      'create',
      '--agent',
      'past',
      '--supersede',
      '--token-file',
      join(fixture.home.home, 't'),
    );
    await until(async () => (await fixture.json<{ history: unknown[] }>('session', 'show', id)).history.length === 1, {
      describe: 'the creation',
    });
    const before = new Date().toISOString();
    // A clock that is being set may go back by milliseconds.
    await until(() => Date.now() > Date.parse(before) + 100, { describe: 'a later time' });
    await fixture.run('session', 'rotate', id);
    await until(async () => (await fixture.json<{ history: unknown[] }>('session', 'show', id)).history.length === 2, {
      describe: 'the rotation',
    });
    const now = await fixture.json<{ session: SessionView }>('session', 'show', id);
    const then = await fixture.json<{ session: SessionView; history: unknown[] }>(
      'session',
      'show',
      id,
      '--at',
      before,
    );
    expect([then.session.generation, now.session.generation]).toEqual([0, 1]);
    expect(then.history).toHaveLength(1);
  });

  it('never show a token on the screen', async () => {
    const refused = await fixture.run('session', 'create', '--agent', 'trader');
    expect(refused).toMatchObject({ exit: 1, stdout: '' });
    expect(refused.stderr).toContain('--token-file');
  });

  it('make names of others harmless on a terminal', async () => {
    await fixture.json('agent', 'add', `x‮evil`);
    const { stdout } = await fixture.home.runWith({ tty: true }, 'agent', 'list');
    expect(stdout).toContain(ESCAPE);
    expect(stdout).not.toContain('‮');
    expect((await fixture.home.runWith({ tty: true, env: { NO_COLOR: '1' } }, 'agent', 'list')).stdout).not.toContain(
      ESCAPE,
    );
  });
});

describe('errors', () => {
  it.each([
    [['session', 'show', 'ffffffff'], /there is no session "ffffffff"/],
    [['session', 'create', '--agent', 'nobody', '--token-file', 'x'], /no agent "nobody".*Known agents: .*trader/],
    [
      ['session', 'create', '--agent', 'trader', '--expires-in', 'soon', '--token-file', 'x'],
      /--expires-in: "soon" is no length of time/,
    ],
    [['session', 'create', '--agent', 'trader', '--max-renewals', '1000', '--token-file', 'x'], /maxRenewals/],
    [['agent', 'add', 'trader'], /name is taken/],
    [
      ['agent', 'list', '--base-url', 'http://127.0.0.1:2'],
      /no ledger answers at http:\/\/127.0.0.1:2: connection refused/,
    ],
    [['agent', 'list', '--base-url', 'nonsense'], /"nonsense" is no http\(s\) address/],
    [['agent', 'list', '--output', 'yaml'], /no output format "yaml"/],
    [['session', 'fly'], /unknown command 'fly'/],
    [['audit', 'query', '--type', 'Nothing'], /no event type "Nothing"/],
  ])('say what is wrong and what to do, on one line: %j', async (args, message) => {
    const run = await fixture.run(...args);
    expect(run).toMatchObject({ exit: 1, stdout: '' });
    expect(run.stderr).toMatch(message);
    expect(run.stderr.split('\n')[0]).toMatch(/^sledger: /);
  });

  it('are JSON where JSON was asked for', async () => {
    const { exit, stdout, stderr } = await fixture.run('session', 'show', 'ffffffff', '--output', 'json');
    expect([exit, stdout]).toEqual([1, '']);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'not_found', message: 'there is no session "ffffffff"', remedy: expect.any(String) },
    });
  });
});

describe('the kill switch', () => {
  it('goes on and off, and status says so', async () => {
    expect((await fixture.run('kill-switch', 'on', '--reason', 'drill')).stdout).toContain('The kill switch is on');
    const status = await fixture.json<{ attention: string[] }>('status');
    expect(status.attention.join()).toMatch(/kill switch is on since .* \(drill\)/);
    expect((await fixture.run('kill-switch', 'off')).stdout).toContain('off');
    expect((await fixture.run('kill-switch', 'show')).stdout).toBe('The kill switch is off.\n');
  });
});

describe('help and completion', () => {
  it('show examples and every command', async () => {
    const { exit, stdout } = await fixture.run('--help');
    expect(exit).toBe(0);
    for (const word of ['start', 'status', 'doctor', 'explain', 'mcp', 'audit', 'deliveries'])
      expect(stdout).toContain(word);
    expect((await fixture.run('mcp', 'setup', '--help')).stdout).toContain('$ sledger mcp setup');
    for (const shell of ['bash', 'zsh', 'fish'])
      expect((await fixture.run('completion', shell)).stdout).toContain('refresh-token');
  });

  it('a file as data directory is refused before anything is made', async () => {
    const path = join(fixture.home.home, 'plain');
    writeFileSync(path, '');
    const run = await fixture.run('mcp', 'setup', '--data-dir', path, '--base-url', fixture.url);
    expect(run.exit).toBe(1);
    expect(existsSync(join(path, 'mcp-token'))).toBe(false);
  });
});
