import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SecretBox } from './secret-box.js';

const keyFile = () => join(mkdtempSync(join(tmpdir(), 'seal-')), 'keys', 'seal.key');

describe('SecretBox', () => {
  it('opens what it sealed, also after a restart with the same key file', () => {
    const file = keyFile();
    const sealed = SecretBox.open({ file }).seal('s3cret ✓', 'channel/1');
    expect(SecretBox.open({ file }).unseal(sealed, 'channel/1')).toBe('s3cret ✓');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('seals the same value of the same row differently each time', () => {
    const box = SecretBox.open({ file: keyFile() });
    const sealed = Array.from({ length: 100 }, () => box.seal('secret', 'channel/1'));
    expect(new Set(sealed.map((one) => one.toString('hex'))).size).toBe(100);
    // Not only as a whole: the nonce after the version, and what it makes of the text.
    for (const part of [sealed.map((one) => one.subarray(1, 13)), sealed.map((one) => one.subarray(13))]) {
      expect(new Set(part.map((one) => one.toString('hex'))).size).toBe(100);
    }
  });

  it('refuses a value moved to another row, altered, or sealed with another key', () => {
    const box = SecretBox.open({ file: keyFile() });
    const sealed = box.seal('secret', 'channel/1');
    const altered = Buffer.from(sealed);
    altered[altered.length - 1]! ^= 1;
    expect(() => box.unseal(sealed, 'channel/2')).toThrow('does not open');
    expect(() => box.unseal(altered, 'channel/1')).toThrow('does not open');
    expect(() => SecretBox.open({ file: keyFile() }).unseal(sealed, 'channel/1')).toThrow('does not open');
  });
});
