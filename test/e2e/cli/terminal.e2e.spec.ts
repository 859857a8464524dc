import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LedgerProxy } from '../../scenarios/ledger-proxy.js';
import { Binary } from './binary.js';
import { CliFixture } from './cli-fixture.js';

const ESCAPE = String.fromCharCode(27);
const SPINNER = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] .* \(\d+ s\)/;

let fixture: CliFixture;
let sledger: Binary;
let slow: LedgerProxy;
beforeAll(async () => {
  fixture = await CliFixture.open();
  sledger = new Binary(fixture.home);
  await fixture.json('agent', 'add', 'trader');
  slow = await LedgerProxy.start(fixture.url);
});
afterAll(async () => {
  await slow[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

describe('on a terminal', () => {
  it('a list is coloured; NO_COLOR and a pipe leave it plain', async () => {
    const coloured = await sledger.onTerminal({}, 'agent', 'list');
    expect([coloured.exit, coloured.screen.includes(`${ESCAPE}[`)]).toEqual([0, true]);
    const plain = await sledger.onTerminal({ NO_COLOR: '1' }, 'agent', 'list');
    expect([plain.exit, plain.screen.includes(ESCAPE), plain.screen.includes('trader')]).toEqual([0, false, true]);
    expect((await sledger.run('agent', 'list')).stdout).not.toContain(ESCAPE);
  });

  it.each([
    ['agent', 'list'],
    ['channel', 'list'],
    ['kill-switch', 'show'],
  ])('a line moves while %s %s waits longer than a second, and is gone at the end', async (...words) => {
    let seen: () => void = () => undefined;
    const moving = new Promise<void>((resolve) => (seen = resolve));
    // The answers come once the line was seen, however late that is.
    slow.treat = () => moving.then(() => 'pass' as const);
    await using command = await sledger.startOnTerminal({ LEDGER_BASE_URL: slow.url }, ...words);
    await command.waitFor(SPINNER);
    seen();
    expect(await command.exited).toMatchObject({ code: 0 });
    const screen = command.stdout;
    expect(screen.slice(screen.lastIndexOf(`${ESCAPE}[2K`))).not.toMatch(SPINNER);
  });

  it('nothing moves where the output is piped', async () => {
    slow.treat = () => sleep(1500, 'pass' as const);
    const run = await sledger.runWith({ env: { LEDGER_BASE_URL: slow.url } }, 'channel', 'list');
    expect([run.exit, run.stderr]).toEqual([0, '']);
    expect(run.stdout).not.toMatch(SPINNER);
  });
});

describe('wrong usage', () => {
  it('is a line with a hint, or JSON where JSON was asked for, and exit 1', async () => {
    const text = await sledger.run('session', 'fly');
    expect([text.exit, text.stdout]).toEqual([1, '']);
    expect(text.stderr).toMatch(/^sledger: unknown command 'fly'[\s\S]*See `sledger --help`/);
    const json = await sledger.run('session', 'list', '--nonsense', '--output', 'json');
    expect([json.exit, json.stdout]).toEqual([1, '']);
    expect(JSON.parse(json.stderr)).toEqual({
      error: { code: 'bad_usage', message: "unknown option '--nonsense'", remedy: 'See `sledger --help`.' },
    });
  });
});
