import { createHash, generateKeyPairSync, randomUUID, sign as signBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compactVerify, CompactSign, createLocalJWKSet, decodeJwt, decodeProtectedHeader } from 'jose';
import { TOKEN_PREFIX, type ErrorCode, type LedgerError } from '#libs/contracts';
import { Database } from '#libs/database';
import type { TokenGrant } from '#libs/session';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import { KeyRing } from './key-ring.js';
import { KnownTokens } from './known-tokens.js';
import { SecretBox } from './secret-box.js';
import { TokenIssuer } from './token-issuer.js';
import { checkTokenTime, TokenVerifier } from './token-verifier.js';

const ISSUER = 'https://ledger.example';
const NOW = 1_800_000_000;
const box = SecretBox.open({ base64: Buffer.alloc(32, 3).toString('base64') });
const grant: TokenGrant = {
  sessionId: randomUUID(),
  agentId: randomUUID(),
  generation: 4,
  issuedAt: NOW,
  expiresAt: NOW + 600,
  allowedOperations: ['read', 'write:invoices'],
};

let server: TestDatabase;
let database: Database;
let keys: KeyRing;
let issuer: TokenIssuer;
let verifier: TokenVerifier;

beforeAll(async () => {
  server = await createTestDatabase();
  database = await Database.open({ url: server.url, applicationName: 'tokens test' });
  keys = new KeyRing(database, box);
  await addKey(NOW - 1);
  issuer = new TokenIssuer(keys, { issuer: ISSUER, newId: randomUUID, known: new KnownTokens() });
  verifier = new TokenVerifier(keys, { issuer: ISSUER, known: new KnownTokens() });
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

async function addKey(signsFrom: number): Promise<string> {
  const { kid } = await keys.add(NOW);
  await keys.activate(kid, signsFrom);
  return kid;
}

async function codeOf(refused: Promise<unknown>): Promise<ErrorCode> {
  return refused.then(
    () => {
      throw new Error('was accepted');
    },
    (error: LedgerError) => error.code,
  );
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of our own key ring with other header or claims, signed as our key would sign it. */
async function forged(header: object = {}, claims: object = {}): Promise<string> {
  const { token } = await issuer.issue(grant);
  const { privateKey } = await keys.signer(NOW);
  return new CompactSign(Buffer.from(JSON.stringify({ ...decodeJwt(token), ...claims })))
    .setProtectedHeader({ ...(decodeProtectedHeader(token) as { alg: string }), ...header })
    .sign(privateKey);
}

describe('a token', () => {
  it('carries the claims of RFC 9068 and its generation, for the issuer and the agent’s audiences', async () => {
    const { token } = await issuer.issue(grant, ['https://mcp.example', ISSUER]);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: expect.any(String) });
    expect(decodeJwt(token)).toEqual({
      iss: ISSUER,
      aud: [ISSUER, 'https://mcp.example'],
      sub: grant.agentId,
      client_id: grant.agentId,
      sid: grant.sessionId,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      gen: 4,
      iat: NOW,
      exp: NOW + 600,
      scope: 'read write:invoices',
    });
  });

  it('is accepted with and without its prefix', async () => {
    const { token } = await issuer.issue(grant);
    const bare = await verifier.verify(token);
    expect(await verifier.verify(TOKEN_PREFIX + token)).toEqual(bare);
    expect(bare.claims.gen).toBe(4);
  });

  it('is verified by an independent reader of the JWKS alone', async () => {
    const { token } = await issuer.issue(grant);
    const jwks = createLocalJWKSet(await keys.jwks());
    await expect(compactVerify(token, jwks, { algorithms: ['EdDSA'] })).resolves.toBeDefined();
    expect(JSON.stringify(await keys.jwks())).not.toMatch(/"d":/);
  });
});

describe('a token is derived again bit for bit', () => {
  it('from its texts, after a restart and after a key rotation', async () => {
    const { token, texts } = await issuer.issue(grant);
    expect(texts.tokenHash).toBe(createHash('sha256').update(token).digest('hex'));
    await addKey(NOW + 1);
    const restarted = new TokenIssuer(new KeyRing(database, box), {
      issuer: ISSUER,
      newId: randomUUID,
      known: new KnownTokens(),
    });
    expect(await restarted.derive({ ...texts })).toBe(token);
    const { token: next } = await restarted.issue({ ...grant, issuedAt: NOW + 1 });
    expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(token).kid);
  });

  it('and is refused, never another one, when the texts were altered', async () => {
    const { texts } = await issuer.issue(grant);
    const altered = texts.tokenPayload.replace('"gen":4', '"gen":5');
    expect(altered).not.toBe(texts.tokenPayload);
    expect(await issuer.derive({ ...texts, tokenPayload: altered })).toBeNull();
  });

  it('and not by a key that was revoked or retired', async () => {
    const kid = await addKey(NOW + 10);
    const { texts } = await issuer.issue({ ...grant, issuedAt: NOW + 10 });
    await keys.retire(kid);
    expect(await issuer.derive(texts)).toBeNull();
    const other = await addKey(NOW + 11);
    const { texts: others } = await issuer.issue({ ...grant, issuedAt: NOW + 11 });
    await keys.revoke(other, NOW + 12);
    expect(await issuer.derive(others)).toBeNull();
  });
});

describe('the verifier refuses, each with its own code', () => {
  const unsigned = `${part({ alg: 'none', typ: 'at+jwt' })}.${part({ sub: 'x' })}.`;
  it.each([
    ['TOKEN_ALG_NOT_ALLOWED', 'alg none', () => unsigned],
    [
      'TOKEN_ALG_NOT_ALLOWED',
      'a symmetric algorithm',
      () => `${part({ alg: 'HS256', typ: 'at+jwt', kid: 'x' })}.e30.e30`,
    ],
    ['TOKEN_KEY_UNKNOWN', 'a key of somebody else', () => `${part({ alg: 'EdDSA', typ: 'at+jwt', kid: 'x' })}.e30.e30`],
    ['TOKEN_INVALID', 'no JWT at all', () => 'sl_sess_hello'],
    ['TOKEN_INVALID', 'an empty token', () => ''],
    ['TOKEN_INVALID', 'a token of 9 KiB', () => 'a'.repeat(9_216)],
    ['TOKEN_INVALID', 'an assertion in the place of a token', () => forged({ typ: 'JWT' })],
    ['TOKEN_INVALID', 'a header with a parameter that we never write', () => forged({ jku: 'https://keys.example' })],
    ['TOKEN_INVALID', 'a signature with something after its end', async () => `${await forged()}=`],
    ['TOKEN_INVALID', 'a fourth part', async () => `${await forged()}.e30`],
    ['TOKEN_INVALID', 'a token without a session', () => forged({}, { sid: undefined })],
    ['TOKEN_INVALID', 'a token whose generation is no whole number', () => forged({}, { gen: 1.5 })],
    ['TOKEN_AUDIENCE_MISMATCH', 'a token of another issuer', () => forged({}, { iss: 'https://other.example' })],
    ['TOKEN_AUDIENCE_MISMATCH', 'a token for another audience', () => forged({}, { aud: ['https://other.example'] })],
  ])('%s for %s', async (code, _, token: () => string | Promise<string>) => {
    expect(await codeOf(verifier.verify(await token()))).toBe(code);
  });

  it('TOKEN_INVALID for any single changed character, wherever it stands', async () => {
    const { token } = await issuer.issue(grant);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const flip = (text: string, at: number) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    for (let at = 0; at < payload.length; at += 7) {
      expect(await codeOf(verifier.verify(`${header}.${flip(payload, at)}.${signature}`))).toBe('TOKEN_INVALID');
    }
    // The last one too, of which four bits decode to nothing.
    for (const at of [...signature].map((_, at) => at).filter((at) => at % 7 === 0 || at === signature.length - 1)) {
      expect(await codeOf(verifier.verify(`${header}.${payload}.${flip(signature, at)}`))).toBe('TOKEN_INVALID');
    }
  });

  it('TOKEN_INVALID for a token that another key signed under our key’s name', async () => {
    const { token } = await issuer.issue(grant);
    const [header, payload] = token.split('.');
    const { privateKey } = generateKeyPairSync('ed25519');
    const signature = signBytes(null, Buffer.from(`${header}.${payload}`), privateKey).toString('base64url');
    expect(await codeOf(verifier.verify(`${header}.${payload}.${signature}`))).toBe('TOKEN_INVALID');
  });

  it('TOKEN_KEY_UNKNOWN once the key was revoked, where the token was signed too', async () => {
    const kid = await addKey(NOW + 15);
    const known = new KnownTokens();
    const here = new TokenIssuer(keys, { issuer: ISSUER, newId: randomUUID, known });
    const { token } = await here.issue({ ...grant, issuedAt: NOW + 16 });
    const sameProcess = new TokenVerifier(keys, { issuer: ISSUER, known });
    expect(await sameProcess.verify(token)).toEqual(await verifier.verify(token));
    await keys.revoke(kid, NOW + 17);
    expect(await codeOf(sameProcess.verify(token))).toBe('TOKEN_KEY_UNKNOWN');
  });

  it('TOKEN_KEY_UNKNOWN once the key was revoked, for a token that was accepted before', async () => {
    const kid = await addKey(NOW + 20);
    const { token } = await issuer.issue({ ...grant, issuedAt: NOW + 20 });
    await expect(verifier.verify(token)).resolves.toMatchObject({ kid });
    await keys.revoke(kid, NOW + 21);
    expect(await codeOf(verifier.verify(token))).toBe('TOKEN_KEY_UNKNOWN');
  });

  it('TOKEN_EXPIRED on the second of the end, TOKEN_NOT_YET_VALID before the start', async () => {
    const { claims } = await verifier.verify((await issuer.issue(grant)).token);
    const at = (now: number) => codeOf(Promise.resolve().then(() => checkTokenTime(claims, now)));
    expect(await at(claims.exp)).toBe('TOKEN_EXPIRED');
    expect(await at(claims.iat - 1)).toBe('TOKEN_NOT_YET_VALID');
    expect(() => checkTokenTime(claims, claims.exp - 1)).not.toThrow();
    expect(() => checkTokenTime(claims, claims.iat)).not.toThrow();
  });
});

describe('the key ring', () => {
  it('keeps private keys sealed in the database', async () => {
    const rows = await database.query<{ private_key: Buffer; text: string }>(
      "select private_key, encode(private_key, 'escape') || public_key::text as text from ledger.signing_key where private_key is not null",
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { text } of rows) expect(text).not.toMatch(/"d"/);
    const other = SecretBox.open({ base64: Buffer.alloc(32, 4).toString('base64') });
    await expect(new KeyRing(database, other).signer(NOW)).rejects.toThrow(/sealing key/);
  });

  it('asks the database for an unknown key at most once a second', async () => {
    let now = 10_000;
    let loads = 0;
    const counted = Object.create(database) as Database;
    counted.query = ((text: string, values?: unknown[]) => {
      loads++;
      return database.query(text, values);
    }) as Database['query'];
    const ring = new KeyRing(counted, box, () => now);
    for (let i = 0; i < 50; i++) await ring.find(`unknown-${i}`);
    expect(loads).toBe(1);
    now += 1_000;
    await Promise.all(Array.from({ length: 50 }, (_, i) => ring.find(`unknown-${i}`)));
    expect(loads).toBe(2);
  });

  it('is seen by another instance within a second of a new key’s first token', async () => {
    let now = 10_000;
    const elsewhere = new TokenVerifier(new KeyRing(database, box, () => now), {
      issuer: ISSUER,
      known: new KnownTokens(),
    });
    await elsewhere.verify((await issuer.issue(grant)).token);
    await addKey(NOW + 30);
    const { token } = await issuer.issue({ ...grant, issuedAt: NOW + 30 });
    expect(await codeOf(elsewhere.verify(token))).toBe('TOKEN_KEY_UNKNOWN');
    now += 1_000;
    await expect(elsewhere.verify(token)).resolves.toBeDefined();
  });

  it('signs with its first key even when the clock stepped back behind its start', async () => {
    const { token } = await issuer.issue({ ...grant, issuedAt: NOW - 3600 });
    await expect(verifier.verify(token)).resolves.toBeDefined();
  });
});
