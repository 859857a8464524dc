import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { startProcess } from '#libs/testing';
import { readMcpToken, writeMcpToken } from '#libs/token-file';

const WRITES = Number(process.env['TOKEN_FILE_WRITES'] ?? 500);
const WRITER = join(import.meta.dirname, 'write-tokens.mjs');
/** What each writer writes: one letter, three parts of equal length. A torn file would mix letters or lengths. */
const WHOLE = /^sl_sess_((\w)\2+)\.\1\.\1$/;

describe('four processes that write one token file', () => {
  it(`${WRITES} times each never show a torn, empty or open file to a reader`, async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'four-writers-')), 'mcp-token');
    await writeMcpToken(path, `sl_sess_${'x'.repeat(40)}.${'x'.repeat(40)}.${'x'.repeat(40)}`);
    const writers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((letter) =>
        startProcess(process.execPath, { args: [WRITER, path, String(WRITES), letter] }),
      ),
    );
    const seen = new Set<string>();
    let reads = 0;
    while (writers.some(({ exit }) => exit === undefined)) {
      for (let burst = 0; burst < 50; burst += 1, reads += 1) {
        const text = readFileSync(path, 'utf8');
        expect(text).toMatch(WHOLE);
        expect(readMcpToken(path)).not.toBeNull();
        expect(statSync(path).mode & 0o777).toBe(0o600);
        seen.add(text[8] ?? '');
      }
      await turn();
    }
    expect(writers.map(({ exit, stderr }) => [exit?.code, stderr])).toEqual(Array(4).fill([0, '']));
    expect(reads).toBeGreaterThan(100);
    expect(seen.size).toBeGreaterThan(1);
    expect(readdirSync(join(path, '..'))).toEqual(['mcp-token']);
  });
});
