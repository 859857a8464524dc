import { randomUUID } from 'node:crypto';
import {
  calculateJwkThumbprint,
  compactDecrypt,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type CryptoKey,
  type JWK,
} from 'jose';
import { z } from 'zod';

const privateJwk = z.object({ kty: z.literal('OKP'), crv: z.string(), x: z.string(), d: z.string() });

/** The private keys of a holder as they stand in `holder.json`. */
export const holderKeys = z.object({
  signingKey: privateJwk.extend({ crv: z.literal('Ed25519') }),
  sealingKey: privateJwk.extend({ crv: z.literal('X25519') }),
});
export type HolderKeys = z.infer<typeof holderKeys>;

/** What the server is told of a holder's keys at `POST /v1/holders`. */
export interface HolderPublicKeys {
  signingKey: { kty: 'OKP'; crv: 'Ed25519'; x: string };
  sealingKey: { kty: 'OKP'; crv: 'X25519'; x: string };
}

/** Makes the two key pairs of a new holder. */
export async function generateHolderKeys(): Promise<HolderKeys> {
  const signing = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const sealing = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true });
  return holderKeys.parse({
    signingKey: await exportJWK(signing.privateKey),
    sealingKey: await exportJWK(sealing.privateKey),
  });
}

export function publicKeysOf(keys: HolderKeys): HolderPublicKeys {
  return {
    signingKey: { kty: 'OKP', crv: 'Ed25519', x: keys.signingKey.x },
    sealingKey: { kty: 'OKP', crv: 'X25519', x: keys.sealingKey.x },
  };
}

/** Seconds that an assertion lives. */
const ASSERTION_LIFE = 60;

/** A holder that can prove itself to the server and open what is sealed to it. */
export class HolderIdentity {
  private signingKey: Promise<CryptoKey | Uint8Array> | null = null;
  private sealingKey: Promise<CryptoKey | Uint8Array> | null = null;

  constructor(
    readonly holderId: string,
    /** The server's `issuer`: the audience of every assertion. */
    readonly issuer: string,
    private readonly keys: HolderKeys,
  ) {}

  /**
   * A one-time proof bound to method, URL path and server time (RFC 7523 `private_key_jwt`).
   *
   * @param serverNow epoch seconds on the server's clock
   */
  async assertion(method: string, path: string, serverNow: number): Promise<string> {
    this.signingKey ??= importJWK(this.keys.signingKey, 'EdDSA');
    const issuedAt = Math.floor(serverNow);
    return await new SignJWT({ htm: method, htu: path })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' })
      .setIssuer(this.holderId)
      .setSubject(this.holderId)
      .setAudience(this.issuer)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ASSERTION_LIFE)
      .sign(await this.signingKey);
  }

  /** Opens a token that was sealed to this holder; throws when it was not. */
  async open(sealedToken: string): Promise<string> {
    this.sealingKey ??= importJWK(this.keys.sealingKey, 'ECDH-ES');
    const { plaintext } = await compactDecrypt(sealedToken, await this.sealingKey, {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return new TextDecoder().decode(plaintext);
  }

  /** RFC 7638 thumbprint of the signing key: names it in messages without showing it. */
  signingKeyThumbprint(): Promise<string> {
    return calculateJwkThumbprint(publicKeysOf(this.keys).signingKey as JWK);
  }
}
