import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { CliFixture } from './cli-fixture.js';
import { terminalSvg } from './terminal-svg.js';
import { document, documented, Transcript, UPDATING } from './transcript.js';

const PICTURE = join(import.meta.dirname, '..', '..', '..', 'docs', 'images', 'session-list-watch.svg');

/** Escape sequences that move and clear, not those that paint. */
const NOT_COLOUR = new RegExp(`${String.fromCharCode(27)}\\[(\\?\\d+[hl]|[KJ])`, 'g');

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await CliFixture.open();
});
afterAll(() => fixture[Symbol.asyncDispose]());

/** Compares a transcript with the document, or puts it there. */
function check(name: string, transcript: Transcript): void {
  const text = transcript.toString();
  if (UPDATING) document(name, text);
  expect(documented(name)).toBe(text);
}

const tokenFile = () => join(fixture.home.dataDir, 'mcp-token');
/** Transactions of other tests may hold up the log's end for a while, and doctor says so. */
const isUpToDate = (told: string) => told.includes('No channel') && told.includes('The log is complete');
const show = async (id: string) => (await fixture.run('session', 'show', id)).stdout;

describe('docs/cli.md shows what the commands say', () => {
  it('setup', async () => {
    const transcript = new Transcript(fixture);
    await transcript.run('mcp', 'setup');
    await transcript.run('agent', 'add', 'trader', '--allowed-ops', 'read,trade');
    await transcript.run('mcp', 'setup', '--write');
    check('setup', transcript);
  });

  it('refresh', async () => {
    const transcript = new Transcript(fixture);
    await transcript.run('mcp', 'refresh-token');
    check('refresh', transcript);
  });

  it('doctor', async () => {
    await fixture.untilLogIsComplete();
    await until(async () => isUpToDate((await fixture.run('doctor')).stdout), {
      describe: 'a server that is up to date',
    });
    const transcript = new Transcript(fixture);
    chmodSync(tokenFile(), 0o644);
    transcript.shell('chmod 644 ~/.session-ledger/mcp-token');
    await transcript.run('doctor');
    await fixture.json('channel', 'add', 'webhook', 'ops', '--url', 'http://127.0.0.1:9/hook');
    transcript.shell('sledger channel add webhook ops --url http://127.0.0.1:9/hook > /dev/null');
    await transcript.run('doctor', '--fix');
    check('doctor', transcript);
  });

  it('explain', async () => {
    const { newSessionId } = await fixture.json<{ newSessionId: string }>('mcp', 'refresh-token');
    await fixture.run('session', 'rotate', newSessionId);
    await until(async () => (await show(newSessionId)).includes('session.renewed'), {
      describe: 'the rotation in the log',
    });
    const transcript = new Transcript(fixture);
    await transcript.run('explain', '--grace', '0');
    await fixture.run('session', 'revoke', newSessionId, '--reason', 'laptop lost');
    await until(async () => (await show(newSessionId)).includes('session.revoked'), {
      describe: 'the revocation in the log',
    });
    await transcript.run('explain', newSessionId, '--output', 'json');
    check('explain', transcript);
  });
});

describe('the live view', () => {
  it('draws sessions, time left, holders and alerts on a terminal, and leaves it as it was', async () => {
    const home = fixture.home;
    await fixture.run('mcp', 'setup', '--agent', 'trader');
    for (const [name, span] of [
      ['courier', '60s'],
      ['reporter', '3m'],
      ['watcher', '12h'],
    ] as const) {
      await fixture.run('agent', 'add', name);
      await fixture.run(
        'session',
        'create',
        '--agent',
        name,
        '--expires-in',
        span,
        '--token-file',
        join(home.home, name),
      );
    }
    const running = home.start({ tty: { columns: 120, rows: 24 } }, 'session', 'list', '--watch');
    const left = () => new Set([...running.stdout().matchAll(/courier.*?(\d+) s\b/g)].map(([, seconds]) => seconds));
    await until(() => left().size >= 4, { describe: 'bars that move' });
    running.interrupt();
    expect(await running.exit).toBe(0);
    const screen = running.stdout();
    expect(screen.startsWith('\u001b[?1049h')).toBe(true);
    expect(screen.endsWith('\u001b[?1049l')).toBe(true);
    const frames = screen
      .split('\u001b[H')
      .slice(1)
      .map((frame) => frame.replaceAll(NOT_COLOUR, ''));
    expect(frames.length).toBeGreaterThan(2);
    const last = frames.at(-1) ?? '';
    for (const word of ['trader', 'courier', 'reporter', 'watcher', 'TOKEN LEFT', 'HOLDERS', '█'])
      expect(last).toContain(word);
    const svg = terminalSvg(last.replaceAll(fixture.url, 'http://127.0.0.1:3100'), 'sledger session list --watch');
    if (UPDATING) writeFileSync(PICTURE, svg);
    expect(svg.match(/<text /g)).toHaveLength(last.split('\n').length);
  });

  it('stands in docs as a picture', () => {
    expect(existsSync(PICTURE)).toBe(true);
    expect(readFileSync(PICTURE, 'utf8')).toMatch(/<title>sledger session list --watch<\/title>[\s\S]*TOKEN\u00a0LEFT/);
  });
});
