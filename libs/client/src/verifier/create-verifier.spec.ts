import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JWKS_MAX_AGE } from '#libs/contracts';
import { createVerifier, type Verifier } from './create-verifier.js';

const ISSUER = 'http://ledger.example';
const AGENT = randomUUID();

interface Key {
  privateKey: CryptoKey;
  published: JWK;
}

async function newKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  return { privateKey, published: { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' } };
}

function tokenBy({ privateKey, published }: Key): Promise<string> {
  return new SignJWT({ client_id: AGENT, sid: randomUUID(), gen: 0 })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: published.kid ?? '' })
    .setIssuer(ISSUER)
    .setAudience(ISSUER)
    .setSubject(AGENT)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
}

describe('a verifier', () => {
  let server: Server;
  let keys: JWK[];
  let clock: jest.SpiedFunction<typeof Date.now>;
  const begin = Date.now();

  beforeEach(async () => {
    server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    clock = jest.spyOn(Date, 'now').mockReturnValue(begin);
  });
  afterEach(() => {
    clock.mockRestore();
    server.closeAllConnections();
    server.close();
  });

  /** A verifier that has loaded the keys while this one was among them. */
  async function knowing(key: Key): Promise<Verifier> {
    keys = [key.published];
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const verifier = createVerifier({ issuer: ISSUER, baseUrl });
    expect(await verifier.verify(await tokenBy(key))).toMatchObject({ ok: true });
    return verifier;
  }

  it('takes a revoked key no longer than the server lets its keys be kept', async () => {
    const stolen = await newKey('stolen');
    await using verifier = await knowing(stolen);
    keys = [(await newKey('next')).published];
    const forged = await tokenBy(stolen);
    clock.mockReturnValue(begin + JWKS_MAX_AGE * 1000 - 1);
    expect(await verifier.verify(forged)).toMatchObject({ ok: true });
    clock.mockReturnValue(begin + JWKS_MAX_AGE * 1000);
    expect(await verifier.verify(forged)).toMatchObject({ ok: false, code: 'TOKEN_KEY_UNKNOWN' });
  });

  it('gives a revoked key up at once when it meets a token of the next one', async () => {
    const [stolen, next] = [await newKey('stolen'), await newKey('next')];
    await using verifier = await knowing(stolen);
    keys = [next.published];
    // An unknown key has the keys loaded again, but at most once a second.
    clock.mockReturnValue(begin + 1_000);
    expect(await verifier.verify(await tokenBy(next))).toMatchObject({ ok: true });
    expect(await verifier.verify(await tokenBy(stolen))).toMatchObject({ ok: false, code: 'TOKEN_KEY_UNKNOWN' });
  });
});
