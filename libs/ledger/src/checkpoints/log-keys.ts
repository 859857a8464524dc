import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { Database } from '#libs/database';
import { rawPublicKeyOf, verifierKey, type CheckpointSigner } from '#libs/proof';

/** Seals the private key at rest; `SecretBox` of libs/tokens is one. */
export interface Sealer {
  seal(plaintext: string, context: string): Buffer;
  unseal(sealed: Buffer, context: string): string;
}

interface KeyRow extends Record<string, unknown> {
  key_id: string;
  origin: string;
  public_key: Buffer;
  sealed: Buffer;
}

/** The Ed25519 keys that sign the log's checkpoints. One is current; retired ones still verify. */
export class LogKeys {
  constructor(private readonly database: Database) {}

  /** The current key; made, with this origin, when the log has none. */
  async signer(sealer: Sealer, origin: string): Promise<CheckpointSigner & { keyId: string }> {
    const key = (await this.current()) ?? (await this.make(sealer, origin));
    const pem = sealer.unseal(key.sealed, context(key.key_id));
    return {
      keyId: key.key_id,
      origin: key.origin,
      rawPublicKey: key.public_key,
      privateKey: createPrivateKey(pem),
    };
  }

  /** Public keys, newest first, as auditors keep them. */
  async verifiers(): Promise<string[]> {
    const rows = await this.database.query<KeyRow>(
      'select origin, public_key from ledger.log_key order by created_at desc, key_id',
    );
    return rows.map(({ origin, public_key }) => verifierKey(origin, public_key));
  }

  private async current(): Promise<KeyRow | null> {
    const rows = await this.database.query<KeyRow>('select * from ledger.log_key where retired_at is null');
    return rows[0] ?? null;
  }

  private async make(sealer: Sealer, origin: string): Promise<KeyRow> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = rawPublicKeyOf(publicKey);
    const keyId = raw.toString('hex', 0, 8);
    const sealed = sealer.seal(privateKey.export({ format: 'pem', type: 'pkcs8' }) as string, context(keyId));
    // Where two services start together the first one's key wins.
    await this.database.query(
      `insert into ledger.log_key (key_id, origin, public_key, sealed) values ($1, $2, $3, $4) on conflict do nothing`,
      [keyId, origin, raw, sealed],
    );
    return (await this.current()) as KeyRow;
  }
}

function context(keyId: string): string {
  return `log_key/${keyId}`;
}
