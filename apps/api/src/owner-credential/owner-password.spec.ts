import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import argon2 from 'argon2';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { until } from '#libs/testing';
import { ARGON2_COST, OwnerKeyFile } from './owner-key-file.js';
import { OwnerPassword } from './owner-password.js';
import { SourceDelays } from './source-delays.js';

const HERE = '192.0.2.1';
let path: string;
let secret: string;
let now: number;
let password: OwnerPassword;

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'owner-key-')), 'data', 'owner-key');
  const file = OwnerKeyFile.prepare(path);
  secret = readFileSync(path, 'utf8').trim();
  now = 0;
  password = new OwnerPassword(file, new SourceDelays(() => now));
});

describe('OwnerPassword', () => {
  it('makes a private file with a secret once, and accepts that secret only', async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    OwnerKeyFile.prepare(path);
    expect(readFileSync(path, 'utf8').trim()).toBe(secret);
    await password.check(secret, HERE);
    for (const wrong of ['', 'x', `${secret}x`, secret.slice(1), 'a'.repeat(5000)]) {
      await expect(password.check(wrong, `198.51.100.${wrong.length % 250}`)).rejects.toMatchObject({
        code: 'CREDENTIAL_INVALID',
      });
    }
  });

  it('asks argon2 once for a secret that it accepts again and again, also when many ask at once', async () => {
    const verify = jest.spyOn(argon2, 'verify');
    await Promise.all(Array.from({ length: 20 }, () => password.check(secret, HERE)));
    for (let call = 0; call < 20; call++) await password.check(secret, HERE);
    expect(verify).toHaveBeenCalledTimes(1);
    verify.mockRestore();
  });

  it('makes a guesser wait longer and longer, even with guesses sent at once, and nobody else', async () => {
    const guesses = Array.from({ length: 10 }, (_, guess) => password.check(`guess ${guess}`, HERE));
    const codes = (await Promise.allSettled(guesses)).map((result) =>
      result.status === 'rejected' ? (result.reason as { code: string }).code : 'accepted',
    );
    expect(codes.filter((code) => code === 'CREDENTIAL_INVALID').length).toBeLessThanOrEqual(4);
    expect(codes).not.toContain('accepted');
    await expect(password.check('another', HERE)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    await password.check(secret, '192.0.2.2');
    now += 60_000;
    await password.check(secret, HERE);
  });

  it('takes a new secret from the file without a restart, and the old one no more', async () => {
    const stillAccepted = await password.check(secret, HERE);
    expect(await stillAccepted()).toBe(true);
    writeFileSync(path, 'a new secret, a little longer\n');
    const newSecretCounts = async () => {
      now += 60_000;
      await password.check('a new secret, a little longer', HERE);
      return true;
    };
    await until(newSecretCounts, { describe: 'the new secret to count' });
    now += 60_000;
    await expect(password.check(secret, HERE)).rejects.toMatchObject({ code: 'CREDENTIAL_INVALID' });
    expect(await stillAccepted()).toBe(false);
  });

  it('is hashed anew by each process: argon2id with 19 MiB, two passes, one lane, and a salt of its own', async () => {
    const hashes = await Promise.all([new OwnerKeyFile(path).hash(), new OwnerKeyFile(path).hash()]);
    for (const hash of hashes)
      expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it('accepts a file that holds only the hash', async () => {
    writeFileSync(path, await argon2.hash('kept elsewhere', ARGON2_COST));
    const other = new OwnerPassword(new OwnerKeyFile(path), new SourceDelays(() => now));
    await other.check('kept elsewhere', HERE);
  });
});
