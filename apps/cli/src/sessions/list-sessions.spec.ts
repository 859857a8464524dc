import { PassThrough, Writable } from 'node:stream';
import { expect, it } from '@jest/globals';
import type { SessionView } from '#libs/contracts';
import { Cli } from '../cli.js';
import { readEnvironment } from '../environment.js';
import { readSettings } from '../settings.js';
import { listSessions } from './list-sessions.js';

const LIVING: Readonly<Record<string, string[]>> = { active: ['e', 'c', 'a'], expiring_soon: ['d', 'c'] };

it('lists those alive without reading any that has ended, the newest first and each once', async () => {
  let printed = '';
  const stdout = new Writable({ write: (chunk: Buffer, _, done) => ((printed += chunk.toString()), done()) });
  const environment = readEnvironment({ HOME: '/home/x' });
  const [stderr, stdin] = [new PassThrough(), new PassThrough()];
  const terminal = { environment, stdout, stderr, stdin, interrupted: new AbortController().signal };
  const cli = new Cli(terminal, readSettings({ output: 'json' }, environment));
  // The server, as far as it is asked.
  const sessions = async function* ({ status = '' }: { status?: string }): AsyncGenerator<SessionView> {
    const ids = LIVING[status];
    if (ids === undefined) throw new Error('every session that ever was would be read');
    for (const id of ids) yield { id } as SessionView;
  };
  cli.owner = () => Promise.resolve({ sessions } as unknown as Awaited<ReturnType<Cli['owner']>>);
  await listSessions(cli, { limit: '4' });
  const { items } = JSON.parse(printed) as { items: { id: string }[] };
  expect(items.map(({ id }) => id)).toEqual(['e', 'd', 'c', 'a']);
});
