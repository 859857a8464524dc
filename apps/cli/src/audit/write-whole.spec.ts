import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { writeWhole } from './write-whole.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'write-whole-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;

it('keeps two that write to one path at once apart: the last to end stays, whole', async () => {
  const path = join(folder, 'export');
  const [slow, fast] = [new PassThrough(), new PassThrough()];
  slow.write('slow, a long first line\n');
  const slowHasEnded = writeWhole(path, () => slow, never);
  await once(slow, 'resume');
  fast.end('fast\n');
  await writeWhole(path, () => fast, never);
  expect(readFileSync(path, 'utf8')).toBe('fast\n');
  slow.end('end\n');
  await slowHasEnded;
  expect(readFileSync(path, 'utf8')).toBe('slow, a long first line\nend\n');
  expect(readdirSync(folder)).toEqual(['export']);
});
