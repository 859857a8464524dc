import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK_OKP_Public } from 'jose';

export const ALGORITHM = 'EdDSA';

/** A signing key in memory. Keys are imported once: importing costs more than signing. */
export interface SigningKey {
  kid: string;
  publicJwk: JWK_OKP_Public;
  publicKey: KeyObject;
  /** Null once retired: its tokens are all dead. */
  privateKey: KeyObject | null;
  /** Epoch seconds; null while its event is not yet in the ledger. */
  signsFrom: number | null;
  /** Epoch seconds. */
  createdAt: number;
  /** Epoch seconds; a revoked key verifies nothing. */
  revokedAt: number | null;
}

export interface NewSigningKey {
  kid: string;
  publicJwk: JWK_OKP_Public;
  /** Private JWK as text; to be sealed before it is stored. */
  privateJwk: string;
}

export async function generateSigningKey(): Promise<NewSigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
  const publicJwk = (await exportJWK(publicKey)) as JWK_OKP_Public;
  return {
    kid: await calculateJwkThumbprint(publicJwk),
    publicJwk,
    privateJwk: JSON.stringify(await exportJWK(privateKey)),
  };
}

export function importPublicKey(jwk: object): KeyObject {
  return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
}

export function importPrivateKey(jwk: object): KeyObject {
  return createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
}
