import { chmodSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactEncrypt, importJWK, jwtVerify } from 'jose';
import { describe, expect, it } from '@jest/globals';
import { holderAssertionClaims } from '#libs/contracts';
import { generateHolderKeys, HolderIdentity, identityOf, loadHolder, publicKeysOf, saveHolder } from './index.js';

const HOLDER = '0195f3a0-0000-7000-8000-000000000001';
const ISSUER = 'http://127.0.0.1:3100';

describe('a holder', () => {
  it('proves itself with an assertion that is bound to method, path, server time and one use', async () => {
    const keys = await generateHolderKeys();
    const holder = new HolderIdentity(HOLDER, ISSUER, keys);
    const assertion = await holder.assertion('POST', '/v1/holders/token', 1_700_000_000.7);
    const verified = await jwtVerify(assertion, await importJWK(publicKeysOf(keys).signingKey, 'EdDSA'), {
      currentDate: new Date(1_700_000_001_000),
      audience: ISSUER,
    });
    expect(holderAssertionClaims.parse(verified.payload)).toMatchObject({
      iss: HOLDER,
      sub: HOLDER,
      htm: 'POST',
      htu: '/v1/holders/token',
      iat: 1_700_000_000,
    });
    expect(await holder.assertion('POST', '/v1/holders/token', 1_700_000_000.7)).not.toBe(assertion);
  });

  it('opens what is sealed to it, and nothing that is sealed to another', async () => {
    const keys = await generateHolderKeys();
    const sealed = await new CompactEncrypt(new TextEncoder().encode('a.b.c'))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
      .encrypt(await importJWK(publicKeysOf(keys).sealingKey, 'ECDH-ES'));
    expect(await new HolderIdentity(HOLDER, ISSUER, keys).open(sealed)).toBe('a.b.c');
    const stranger = new HolderIdentity(HOLDER, ISSUER, await generateHolderKeys());
    await expect(stranger.open(sealed)).rejects.toThrow();
  });

  it('is kept in a private file beside the other holders, and comes back the same', async () => {
    const home = mkdtempSync(join(tmpdir(), 'holder-'));
    const first = { holderId: HOLDER, issuer: ISSUER, ...(await generateHolderKeys()) };
    const second = { holderId: HOLDER.replace(/1$/, '2'), issuer: ISSUER, ...(await generateHolderKeys()) };
    await saveHolder(home, first);
    await saveHolder(home, second, 'laptop');
    expect([loadHolder(home), loadHolder(home, 'laptop'), loadHolder(home, 'other')]).toEqual([first, second, null]);
    expect(statSync(join(home, 'holder.json')).mode & 0o777).toBe(0o600);
    expect(identityOf(first).holderId).toBe(HOLDER);
    chmodSync(join(home, 'holder.json'), 0o644);
    expect(() => loadHolder(home)).toThrow('chmod 600');
  });

  it('keeps the keys of all that are set up at the same time', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'holders-'));
    const entry = { holderId: HOLDER, issuer: ISSUER, ...(await generateHolderKeys()) };
    const names = Array.from({ length: 8 }, (_, index) => `desk-${index}`);
    await Promise.all(names.map((name) => saveHolder(dataDir, entry, name)));
    expect(names.filter((name) => loadHolder(dataDir, name) === null)).toEqual([]);
    expect(readdirSync(dataDir)).toEqual(['holder.json']);
  });
});
