import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { HolderView, SessionView } from '#libs/contracts';
import { CliFixture, CliHome } from './cli-fixture.js';

let fixture: CliFixture;
let desktop: CliHome;
beforeAll(async () => {
  fixture = await CliFixture.open();
});
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(() => {
  desktop = new CliHome();
  writeFileSync(join(desktop.dataDir, 'owner-key'), readFileSync(join(fixture.home.dataDir, 'owner-key')), {
    mode: 0o600,
  });
});

interface Setup {
  sessionId: string;
  agentId: string;
  expiresAt: string;
  tokenFile: string;
  holderId: string;
  snippet: Record<string, Record<string, { command: string; args: string[]; env: Record<string, string> }>>;
}

const setup = (...args: string[]) => desktop.run('mcp', 'setup', '--base-url', fixture.url, ...args);

async function setupJson(...args: string[]): Promise<Setup> {
  const run = await setup(...args, '--output', 'json');
  expect(run).toMatchObject({ exit: 0 });
  return run.json as Setup;
}

const claimsIn = (file: string) => decodeJwt(readFileSync(file, 'utf8').replace('sl_sess_', ''));
const holdersOf = async (sessionId: string) =>
  (await fixture.json<{ items: HolderView[] }>('holder', 'list', '--session', sessionId)).items;
const sessionOf = async (id: string) => (await fixture.json<{ session: SessionView }>('session', 'show', id)).session;
const claudeConfig = () => join(desktop.home, '.config', 'Claude', 'claude_desktop_config.json');

describe('mcp setup without what it needs', () => {
  it('says so: no server, no credential, no agent', async () => {
    const unknown = await desktop.run('mcp', 'setup');
    expect(unknown).toMatchObject({ exit: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/no server is known.*sledger start/);
    expect((await desktop.run('mcp', 'setup', '--base-url', 'http://127.0.0.1:1')).stderr).toMatch(/no ledger answers/);
    const empty = new CliHome();
    expect((await empty.run('mcp', 'setup', '--base-url', fixture.url)).stderr).toMatch(/no owner credential at/);
    expect((await setup()).stderr).toMatch(/there are no agents yet.*agent add/);
    writeFileSync(join(desktop.dataDir, 'owner-key'), 'wrong', { mode: 0o600 });
    expect((await setup()).stderr).toMatch(/owner credential is wrong/);
  });
});

describe('mcp setup', () => {
  beforeAll(async () => {
    await fixture.json('agent', 'add', 'desk');
  });

  it('takes the only agent: session, holder, token file (0600), summary, snippet without a secret', async () => {
    const { exit, stdout, stderr } = await setup();
    expect([exit, stderr.includes('error')]).toEqual([0, false]);
    expect(stdout).toContain('desk is set up on this machine');
    expect(stdout).toContain(claudeConfig());
    const file = join(desktop.dataDir, 'mcp-token');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { sid } = claimsIn(file);
    const holders = await holdersOf(String(sid));
    expect(holders).toHaveLength(1);
    expect(statSync(join(desktop.dataDir, 'holder.json')).mode & 0o777).toBe(0o600);
    expect(stdout).not.toContain(readFileSync(file, 'utf8').slice(8, 40));
  });

  it('answers JSON of the documented shape', async () => {
    const result = await setupJson('--expires-in', '12h', '--max-renewals', '5', '--allowed-ops', 'read,trade');
    expect(result).toMatchObject({
      sessionId: expect.any(String),
      agentId: expect.any(String),
      expiresAt: expect.stringMatching(/Z$/),
      tokenFile: join(desktop.dataDir, 'mcp-token'),
      holderId: expect.any(String),
    });
    const entry = result.snippet['mcpServers']?.['session-ledger'];
    expect(entry?.args.slice(-2)).toEqual(['mcp', 'serve']);
    expect(existsSync(entry?.command ?? '') && existsSync(entry?.args[0] ?? '')).toBe(true);
    expect(entry?.env).toEqual({ LEDGER_DATA_DIR: desktop.dataDir, LEDGER_BASE_URL: fixture.url });
    expect(await sessionOf(result.sessionId)).toMatchObject({
      expiresIn: 43_200,
      maxRenewals: 5,
      constraints: { allowedOperations: ['read', 'trade'] },
    });
  });

  it('a second time keeps the holder, which moves to the new session', async () => {
    const first = await setupJson();
    const second = await setupJson();
    expect(second.holderId).toBe(first.holderId);
    expect(second.sessionId).not.toBe(first.sessionId);
    expect((await sessionOf(first.sessionId)).status).toBe('revoked');
    expect((await holdersOf(second.sessionId)).map(({ id }) => id)).toContain(first.holderId);
  });

  it('gives a named holder a session of its own and ends nobody else’s', async () => {
    const first = await setupJson();
    const named = await setupJson('--name', 'cursor');
    expect(named.tokenFile).toBe(join(desktop.dataDir, 'mcp-tokens', 'cursor'));
    expect(claimsIn(named.tokenFile).sid).toBe(named.sessionId);
    expect((await sessionOf(first.sessionId)).status).toBe('active');
    expect(Object.keys(named.snippet['mcpServers'] ?? {})).toEqual(['session-ledger-cursor']);
    expect(named.snippet['mcpServers']?.['session-ledger-cursor']?.args.slice(-2)).toEqual(['--name', 'cursor']);
    expect((await setup('--name', '../evil')).stderr).toContain('cannot be a holder');
  });

  it('registers anew when the server has forgotten the holder', async () => {
    const first = await setupJson();
    await fixture.run('holder', 'remove', first.holderId);
    const second = await setupJson();
    expect(second.holderId).not.toBe(first.holderId);
    expect((await holdersOf(second.sessionId)).map(({ id }) => id)).toContain(second.holderId);
  });

  it('with several agents lists them, and with a wrong name too', async () => {
    await fixture.json('agent', 'add', 'second desk');
    const several = await setup();
    expect(several).toMatchObject({ exit: 1, stdout: '' });
    expect(several.stderr).toMatch(/there are 2 agents.*--agent.*second desk \(.*, desk \(/);
    expect((await setup('--agent', 'nobody')).stderr).toMatch(/no agent "nobody".*desk/);
    expect((await setup('--agent', 'second desk')).exit).toBe(0);
  });

  it('says that the session exists when the token file cannot be written', async () => {
    symlinkSync('/dev/null', join(desktop.dataDir, 'mcp-token'));
    const run = await setup('--agent', 'desk');
    expect(run.exit).toBe(1);
    expect(run.stderr).toMatch(/session .* was created, but the token file could not be written: .*symlink/);
    expect(run.stderr).toMatch(/run the same command again; it replaces this session/);
  });

  it('says that the session exists when the holder’s keys cannot be kept, and how to end one with a name', async () => {
    mkdirSync(join(desktop.dataDir, 'holder.json'));
    const run = await setup('--agent', 'desk', '--name', 'laptop');
    expect(run.exit).toBe(1);
    const [, id = ''] =
      /session (\S+) was created, but this installation could not be made its holder/.exec(run.stderr) ?? [];
    expect(run.stderr).toContain(`sledger session revoke ${id}`);
    expect((await fixture.run('session', 'revoke', id)).exit).toBe(0);
  });
});

describe('mcp setup --write', () => {
  const write = (...args: string[]) => setup('--agent', 'desk', '--write', ...args);
  const backups = (file: string) => readdirSync(dirname(file)).filter((name) => name.endsWith('.bak'));

  it('makes the configuration when there is none, showing it first', async () => {
    const run = await write();
    expect(run.exit).toBe(0);
    expect(run.stderr).toContain(`${claudeConfig()} (new)`);
    expect(run.stderr).toContain('+     "session-ledger": {');
    expect(JSON.parse(readFileSync(claudeConfig(), 'utf8'))).toHaveProperty('mcpServers.session-ledger.command');
    expect(readFileSync(claudeConfig(), 'utf8')).not.toMatch(/sl_sess_|eyJ/);
  });

  it('merges into what is there, keeps a backup and the mode, and changes nothing the second time', async () => {
    mkdirSync(dirname(claudeConfig()), { recursive: true });
    const before = '{\n    "theme": "dark",\n    "mcpServers": {\n        "other": { "command": "x" }\n    }\n}\n';
    writeFileSync(claudeConfig(), before);
    chmodSync(claudeConfig(), 0o640);
    expect((await write()).exit).toBe(0);
    const after = readFileSync(claudeConfig(), 'utf8');
    expect(JSON.parse(after)).toMatchObject({ theme: 'dark', mcpServers: { other: { command: 'x' } } });
    expect(after).toContain('\n    "theme"');
    expect(statSync(claudeConfig()).mode & 0o777).toBe(0o640);
    const [backup] = backups(claudeConfig());
    expect(readFileSync(join(dirname(claudeConfig()), backup ?? ''), 'utf8')).toBe(before);
    const again = await write();
    expect(again.stderr).toContain('has the entry already');
    expect(readFileSync(claudeConfig(), 'utf8')).toBe(after);
    expect(backups(claudeConfig())).toHaveLength(1);
  });

  it.each([
    ['claude-code', '.claude.json', 'mcpServers'],
    ['cursor', '.cursor/mcp.json', 'mcpServers'],
    ['vscode', '.config/Code/User/mcp.json', 'servers'],
  ])('knows where %s keeps its servers', async (host, path, section) => {
    expect((await write('--host', host)).exit).toBe(0);
    const config = JSON.parse(readFileSync(join(desktop.home, path), 'utf8')) as Record<string, object>;
    expect(config[section]).toHaveProperty('session-ledger');
  });

  it('refuses a configuration that it cannot read before it makes anything', async () => {
    mkdirSync(dirname(claudeConfig()), { recursive: true });
    writeFileSync(claudeConfig(), '{ "mcpServers": { // mine\n } }');
    const sessions = async () =>
      (await fixture.json<{ items: SessionView[] }>('session', 'list', '--all')).items.length;
    const before = await sessions();
    const run = await write();
    expect(run).toMatchObject({ exit: 1, stdout: '' });
    expect(run.stderr).toMatch(/cannot be merged into/);
    expect(await sessions()).toBe(before);
    expect(existsSync(join(desktop.dataDir, 'mcp-token'))).toBe(false);
  });

  it('--dry-run shows the change and makes nothing', async () => {
    const run = await setup('--agent', 'desk', '--dry-run');
    expect(run.exit).toBe(0);
    expect(run.stderr).toContain('session-ledger');
    expect(existsSync(claudeConfig())).toBe(false);
    expect(existsSync(join(desktop.dataDir, 'mcp-token'))).toBe(false);
  });
});
