import { join } from 'node:path';
import { decodeJwt, generateKeyPair, SignJWT } from 'jose';
import { bareToken } from '#libs/contracts';
import { Database } from '#libs/database';
import { KeyRing, SecretBox } from '#libs/tokens';
import type { RunningApi } from './running-api.js';

const ANY_SECRET = new TextEncoder().encode('a secret of thirty-two characters');

/** The claims of this token under a symmetric signature. */
export function signedSymmetrically(token: string): Promise<string> {
  return new SignJWT(claimsOf(token)).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'x' }).sign(ANY_SECRET);
}

/** The claims of this token, signed with a key that the server never had. */
export async function signedByAStranger(token: string): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const header = { alg: 'EdDSA', typ: 'at+jwt', kid: 'of-another-server' };
  return new SignJWT(claimsOf(token)).setProtectedHeader(header).sign(privateKey);
}

/** This token with other claims, signed with the server's own key, as a thief of that key could. */
export async function signedWithTheServersKey(
  api: RunningApi,
  token: string,
  changed: Record<string, unknown>,
): Promise<string> {
  await using database = await Database.open({ url: api.database.url, applicationName: 'forger', poolSize: 1 });
  const box = SecretBox.open({ file: join(api.dataDir, 'keys', 'seal.key') });
  const { kid, privateKey } = await new KeyRing(database, box).signer(Math.floor(Date.now() / 1000));
  const header = { alg: 'EdDSA', typ: 'at+jwt', kid };
  return new SignJWT({ ...claimsOf(token), ...changed }).setProtectedHeader(header).sign(privateKey);
}

function claimsOf(token: string): Record<string, unknown> {
  return decodeJwt(bareToken(token));
}
