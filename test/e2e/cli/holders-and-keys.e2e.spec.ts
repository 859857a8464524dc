import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { HolderView, SessionView } from '#libs/contracts';
import { until } from '#libs/testing';
import { Binary } from './binary.js';
import { CliFixture } from './cli-fixture.js';

let fixture: CliFixture;
let sledger: Binary;
let sessionId: string;
let holderId: string;
beforeAll(async () => {
  fixture = await CliFixture.open({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
  sledger = new Binary(fixture.home);
  await fixture.json('agent', 'add', 'trader');
  ({ sessionId, holderId } = await fixture.json<{ sessionId: string; holderId: string }>('mcp', 'setup'));
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const tokenFile = () => join(fixture.home.dataDir, 'mcp-token');
const tokenIn = (path: string) => readFileSync(path, 'utf8').replace('sl_sess_', '');
const whoami = (token: string) =>
  fetch(`${fixture.url}/v1/session`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);
const ownerKey = () => join(fixture.home.dataDir, 'owner-key');

describe('session rotate', () => {
  it('replaces the token at once: the old one is refused, the new one is in the file and nowhere else', async () => {
    const old = tokenIn(tokenFile());
    expect(await whoami(old)).toBe(200);
    const file = join(fixture.home.home, 'rotated');
    const run = await sledger.run('session', 'rotate', sessionId.slice(0, 20), '--token-file', file);
    expect(run).toMatchObject({ exit: 0, stderr: '' });
    expect(run.stdout).toContain('generation 1');
    expect(run.stdout + run.stderr).not.toMatch(/eyJ|sl_sess_/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(decodeJwt(tokenIn(file))).toMatchObject({ sid: sessionId, gen: 1 });
    expect([await whoami(old), await whoami(tokenIn(file))]).toEqual([401, 200]);
  });

  it('answers the session as JSON, not counted as a renewal', async () => {
    const session = await sledger.json<SessionView>('session', 'rotate', sessionId);
    expect(session).toMatchObject({ id: sessionId, generation: 2, renewalCount: 0, status: 'active' });
    expect((await sledger.run('session', 'rotate', 'ffffffff')).stderr).toMatch(/there is no session "ffffffff"/);
  });
});

describe('holder list and remove', () => {
  it('show each installation, what it runs and whether that is current', async () => {
    const { stdout } = await sledger.run('holder', 'list');
    expect(stdout).toMatch(/^ID +NAME +AGENT +SESSION +RUNS +STATE +SEEN\n[0-9a-f-]+ +default +trader +[0-9a-f-]+ +/);
    const { items } = await sledger.json<{ items: HolderView[] }>('holder', 'list', '--session', sessionId);
    expect(items).toEqual([expect.objectContaining({ id: holderId, name: 'default', sessionId })]);
    expect((await sledger.json<{ items: unknown[] }>('holder', 'list', '--agent', 'trader')).items).toHaveLength(1);
  });

  it('remove forgets the one that is named, and its session gets another token at once', async () => {
    const before = await sledger.json<{ session: SessionView }>('session', 'show', sessionId);
    const run = await sledger.run('holder', 'remove', 'default');
    expect(run).toMatchObject({ exit: 0, stderr: '' });
    expect(run.stdout).toMatch(new RegExp(`^Holder default is removed\\. Session ${sessionId} has a new token`));
    expect((await sledger.run('holder', 'list')).stdout).toBe(
      'No holders. `sledger mcp setup` registers this installation.\n',
    );
    const after = await sledger.json<{ session: SessionView }>('session', 'show', sessionId);
    expect(after.session.generation).toBe(before.session.generation + 1);
    expect((await sledger.run('holder', 'remove', holderId)).stderr).toMatch(/^sledger: there is no holder/);
  });
});

describe('kill-switch', () => {
  it('on refuses a good token, off accepts it again; show says since when and why', async () => {
    const token = join(fixture.home.home, 'kept');
    await sledger.run('session', 'rotate', sessionId, '--token-file', token);
    const on = await sledger.run('kill-switch', 'on', '--reason', 'a drill');
    expect(on).toMatchObject({ exit: 0, stderr: '' });
    expect(on.stdout).toMatch(/^The kill switch is on\. .* Sessions are kept .*`sledger kill-switch off`\.\n$/);
    expect(await whoami(tokenIn(token))).toBe(503);
    expect((await sledger.run('kill-switch', 'show')).stdout).toMatch(
      /^The kill switch is on since .* \(a drill\)\.\n$/,
    );
    expect(await sledger.json('kill-switch', 'show')).toMatchObject({ active: true, reason: 'a drill' });
    expect(await sledger.json('kill-switch', 'off')).toMatchObject({ active: false });
    expect(await whoami(tokenIn(token))).toBe(200);
  });

  it('on --revoke-sessions ends every session for good', async () => {
    const on = await sledger.run('kill-switch', 'on', '--revoke-sessions');
    expect(on.stdout).toContain('Every session was revoked.');
    expect((await sledger.run('kill-switch', 'off')).exit).toBe(0);
    const { session } = await sledger.json<{ session: SessionView }>('session', 'show', sessionId);
    expect(session.status).toBe('revoked');
    expect((await sledger.run('session', 'list')).stdout).toContain('No sessions');
  });
});

describe('owner-key reset', () => {
  it('without --yes only says what it would do', async () => {
    const before = readFileSync(ownerKey(), 'utf8');
    const run = await sledger.run('owner-key', 'reset');
    expect(run).toMatchObject({ exit: 0, stderr: '' });
    expect(run.stdout).toMatch(/^This replaces the owner credential in .*\n.*`sledger owner-key reset --yes`\.\n$/);
    expect(await sledger.json('owner-key', 'reset')).toEqual({ file: ownerKey(), reset: false });
    expect(readFileSync(ownerKey(), 'utf8')).toBe(before);
  });

  it('--yes makes another, private and shown nowhere; the running server refuses the old one', async () => {
    const before = readFileSync(ownerKey(), 'utf8').trim();
    const run = await sledger.run('owner-key', 'reset', '--yes');
    const after = readFileSync(ownerKey(), 'utf8').trim();
    expect(run).toMatchObject({ exit: 0, stderr: '' });
    expect([after === before, run.stdout.includes(after), statSync(ownerKey()).mode & 0o777]).toEqual([
      false,
      false,
      0o600,
    ]);
    await until(async () => (await fixture.run('agent', 'list')).exit === 0, { describe: 'the server to take it' });
    const old = await fetch(`${fixture.url}/v1/agents`, { headers: { 'x-master-password': before } });
    expect(old.status).toBe(401);
    expect((await sledger.run('agent', 'list')).exit).toBe(0);
  });
});
