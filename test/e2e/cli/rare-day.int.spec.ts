import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { CliFixture } from './cli-fixture.js';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await CliFixture.open();
});
afterAll(() => fixture[Symbol.asyncDispose]());

describe('owner-key reset', () => {
  it('asks first, then makes a new credential that the running server takes, and shows it nowhere', async () => {
    const file = join(fixture.home.dataDir, 'owner-key');
    const before = readFileSync(file, 'utf8');
    const asked = await fixture.run('owner-key', 'reset');
    expect([asked.exit, readFileSync(file, 'utf8')]).toEqual([0, before]);
    const { stdout, stderr } = await fixture.run('owner-key', 'reset', '--yes');
    const after = readFileSync(file, 'utf8').trim();
    expect(after).not.toBe(before.trim());
    expect(stdout + stderr).not.toContain(after);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await until(async () => (await fixture.run('agent', 'list')).exit === 0, { describe: 'the server to take it' });
    const old = await fetch(`${fixture.url}/v1/agents`, { headers: { 'x-master-password': before.trim() } });
    expect(old.status).toBe(401);
  });
});

describe('log adopt', () => {
  it('does nothing where stream and database agree', async () => {
    const run = await fixture.run('log', 'adopt', '--yes');
    expect(run.exit).toBe(0);
    expect(run.stdout).toContain('nothing to adopt');
  });
});
