import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createOnce } from './create-once.js';

describe('createOnce', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'create-once-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes a file for its owner alone, keeps the one that is there, and leaves nothing beside it', () => {
    const path = join(folder, 'key');
    expect(createOnce(path, 'first\n')).toBe(true);
    expect(createOnce(path, 'second\n')).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('first\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['key']);
  });
});
