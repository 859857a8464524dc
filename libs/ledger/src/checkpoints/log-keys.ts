import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { LOG } from '#libs/contracts';
import type { Database, PoolClient } from '#libs/database';
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

/** A checkpoint's signer, and the key's name in events. */
export type LogSigner = CheckpointSigner & { keyId: string };

/** A key that signs nothing yet. */
export interface NewLogKey {
  keyId: string;
  /** Gives it to the log instead of the current one, which still verifies what it signed; counts with the transaction. */
  replaceWithin(client: PoolClient): Promise<void>;
}

/** The name of the log in its checkpoints. `issuer` is the server's URL. */
export function logOrigin(issuer: string): string {
  return `${new URL(issuer).host}/log/${LOG}`;
}

/** The Ed25519 keys that sign the log's checkpoints. One is current; retired ones still verify. */
export class LogKeys {
  private opened: LogSigner | null = null;

  constructor(private readonly database: Database) {}

  /** The current key, read anew at each call; made, with this origin, when the log has none. */
  async signer(sealer: Sealer, origin: string): Promise<LogSigner> {
    const key = await this.currentOrMade(sealer, origin);
    if (this.opened?.keyId !== key.key_id) {
      const pem = sealer.unseal(key.sealed, context(key.key_id));
      const { key_id: keyId, origin, public_key: rawPublicKey } = key;
      this.opened = { keyId, origin, rawPublicKey, privateKey: createPrivateKey(pem) };
    }
    return this.opened;
  }

  /** The current key's name and the log's own, which every key of it bears; made when the log has none. Its private part stays sealed. */
  async standing(sealer: Sealer, origin: string): Promise<{ keyId: string; origin: string }> {
    const key = await this.currentOrMade(sealer, origin);
    return { keyId: key.key_id, origin: key.origin };
  }

  /** Public keys, newest first, as auditors keep them. */
  async verifiers(): Promise<string[]> {
    const rows = await this.database.query<KeyRow>(
      'select origin, public_key from ledger.log_key order by created_at desc, key_id',
    );
    return rows.map(({ origin, public_key }) => verifierKey(origin, public_key));
  }

  /** The public key of that name as auditors keep it. Throws where there is none. */
  async verifier(keyId: string): Promise<string> {
    const text = 'select origin, public_key from ledger.log_key where key_id = $1';
    const [row] = await this.database.query<KeyRow>(text, [keyId]);
    if (!row) throw new Error(`the log has no key ${keyId}`);
    return verifierKey(row.origin, row.public_key);
  }

  private async current(): Promise<KeyRow | null> {
    const rows = await this.database.query<KeyRow>('select * from ledger.log_key where retired_at is null');
    return rows[0] ?? null;
  }

  private async currentOrMade(sealer: Sealer, origin: string): Promise<KeyRow> {
    const current = await this.current();
    if (current) return current;
    const { key_id, public_key, sealed } = newRow(sealer, origin);
    // Where two services start together the first one's key wins.
    await this.database.query(`${INSERT} on conflict do nothing`, [key_id, origin, public_key, sealed]);
    return (await this.current()) as KeyRow;
  }
}

const INSERT = 'insert into ledger.log_key (key_id, origin, public_key, sealed) values ($1, $2, $3, $4)';

/** The next key of a log. */
export function newLogKey(sealer: Sealer, origin: string): NewLogKey {
  const { key_id, public_key, sealed } = newRow(sealer, origin);
  return {
    keyId: key_id,
    async replaceWithin(client) {
      await client.query('update ledger.log_key set retired_at = clock_timestamp() where retired_at is null');
      await client.query(INSERT, [key_id, origin, public_key, sealed]);
    },
  };
}

function newRow(sealer: Sealer, origin: string): KeyRow {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = rawPublicKeyOf(publicKey);
  const keyId = raw.toString('hex', 0, 8);
  const sealed = sealer.seal(privateKey.export({ format: 'pem', type: 'pkcs8' }) as string, context(keyId));
  return { key_id: keyId, origin, public_key: raw, sealed };
}

function context(keyId: string): string {
  return `log_key/${keyId}`;
}
