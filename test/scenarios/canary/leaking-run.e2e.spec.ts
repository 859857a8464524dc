import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { addSecretShapes, holdsSecrets, Needles, startProcess } from '#libs/testing';

const SPEC = 'test/scenarios/canary/leaks.ts';
const KINDS = [
  'a whole signed token',
  'an API key',
  'a webhook secret',
  'a bot token',
  'a private key (JWK)',
  'a private key (PEM)',
  'the secret of',
  'a registered secret',
];
const PLACES = 16;

describe('the search after a test run', () => {
  it('fails the run for every kind of secret at every place, names file, byte and spec, and repeats none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leaking-run-'));
    // When the tests run as root, PostgreSQL's user must pass here.
    chmodSync(folder, 0o711);
    holdsSecrets(folder, 'what is to be found');
    await using run = await startProcess(process.execPath, {
      args: [
        '--experimental-vm-modules',
        join('node_modules', 'jest', 'bin', 'jest.js'),
        '--runInBand',
        '--testRegex=canary/leaks\\.ts$',
      ],
      // Its answers are its own: they must not come into the record of this run.
      env: { TMPDIR: folder, NODE_OPTIONS: '' },
    });
    expect(await run.exited).toEqual({ code: 1, signal: null });

    const left = [...run.stdout.matchAll(/^left: (.+) at (.+)$/gm)].map(([, place = '', where = '']) => ({
      place,
      where,
    }));
    expect(left).toHaveLength(PLACES);
    const found = run.output.split('\n').filter((line) => /, byte \d+; by /.test(line));
    const ofKindAt = (kind: string, where: string): string | undefined =>
      found.find((line) => line.trimStart().startsWith(kind) && line.includes(where));
    const missed = left.flatMap(({ place, where }) =>
      KINDS.filter((kind) => ofKindAt(kind, where)?.endsWith(`by ${SPEC}`) !== true).map(
        (kind) => `${kind} in ${place}`,
      ),
    );
    expect({ missed, output: missed.length > 0 && run.output }).toEqual({ missed: [], output: false });

    const shapes = new Needles();
    addSecretShapes(shapes);
    expect(shapes.in(run.output)).toEqual([]);
  }, 600_000);
});
