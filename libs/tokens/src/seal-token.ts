import { CompactEncrypt, importJWK } from 'jose';

const encoder = new TextEncoder();

/** Seals a token to a holder's X25519 key as a compact JWE: nobody else can read it. */
export async function sealToken(token: string, sealingKey: { kty: 'OKP'; crv: 'X25519'; x: string }): Promise<string> {
  const key = await importJWK(sealingKey, 'ECDH-ES');
  return new CompactEncrypt(encoder.encode(token))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' })
    .encrypt(key);
}
