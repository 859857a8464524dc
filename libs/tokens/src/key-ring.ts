import type { KeyObject } from 'node:crypto';
import type { JSONWebKeySet, JWK_OKP_Public } from 'jose';
import type { Database } from '#libs/database';
import {
  generateSigningKey,
  importPrivateKey,
  importPublicKey,
  type NewSigningKey,
  type SigningKey,
} from './signing-key.js';
import type { SecretBox } from './secret-box.js';

/** An unknown key id asks the database at most this often. */
const RELOAD_INTERVAL_MS = 1_000;
/** Known keys are looked at again this often, so that a rotation or revocation elsewhere is seen. */
const REFRESH_INTERVAL_MS = 5_000;

interface KeyRow {
  version: number;
  kid: string | null;
  public_key: JWK_OKP_Public;
  private_key: Buffer | null;
  created_at: number;
  signs_from: number | null;
  revoked_at: number | null;
}

type StoredKey = KeyRow & { kid: string };

const LOAD = `
select v.version, k.kid, k.public_key, k.private_key, k.created_at, k.signs_from, k.revoked_at
from ledger.signing_key_version v left join ledger.signing_key k on true
order by k.created_at desc, k.kid`;

/** The signing keys, as the database has them. */
export class KeyRing {
  private keys = new Map<string, SigningKey>();
  private version = -1;
  private loadedAt = -Infinity;
  private loading: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly box: SecretBox,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** The key that signs at `now` (epoch seconds, database time). */
  async signer(now: number): Promise<SigningKey & { privateKey: KeyObject }> {
    await this.loadOlderThan(REFRESH_INTERVAL_MS);
    const able = [...this.keys.values()]
      .filter((key) => key.signsFrom !== null && key.revokedAt === null && key.privateKey !== null)
      .sort((a, b) => (b.signsFrom ?? 0) - (a.signsFrom ?? 0));
    // A clock that stepped back behind the first key's start does not stop the service: that key signs.
    const signer = able.find((key) => (key.signsFrom ?? 0) <= now) ?? able.at(-1);
    if (!signer) throw new Error('there is no signing key: start the api once more, it makes the first one');
    return signer as SigningKey & { privateKey: KeyObject };
  }

  /** A key by id, revoked ones included; undefined when the database has none of that id. */
  async find(kid: string): Promise<SigningKey | undefined> {
    await this.loadOlderThan(this.keys.has(kid) ? REFRESH_INTERVAL_MS : RELOAD_INTERVAL_MS);
    return this.keys.get(kid);
  }

  /** All keys, newest first, as the database has them now. */
  async list(): Promise<SigningKey[]> {
    await this.reload();
    return [...this.keys.values()];
  }

  /** Whoever read the database's key version knows whether the keys have changed since they were read here. */
  async atLeast(version: number): Promise<void> {
    if (this.version < version) await this.reload();
  }

  /** Public keys of everything that may still be verified. */
  async jwks(): Promise<JSONWebKeySet> {
    await this.loadOlderThan(REFRESH_INTERVAL_MS);
    return {
      keys: [...this.keys.values()]
        .filter((key) => key.revokedAt === null && key.privateKey !== null)
        .map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: 'EdDSA', use: 'sig' })),
    };
  }

  /** Stores a new key, which does not sign before it is activated. */
  async add(now: number): Promise<NewSigningKey> {
    const key = await generateSigningKey();
    await this.database.query(
      'insert into ledger.signing_key (kid, public_key, private_key, created_at) values ($1, $2, $3, $4)',
      [key.kid, key.publicJwk, this.box.seal(key.privateJwk, sealContext(key.kid)), now],
    );
    return key;
  }

  /** Lets a key sign from `signsFrom` on (epoch seconds). */
  async activate(kid: string, signsFrom: number): Promise<void> {
    await this.database.query('update ledger.signing_key set signs_from = $2 where kid = $1 and signs_from is null', [
      kid,
      signsFrom,
    ]);
    await this.reload();
  }

  /** From now on nothing is signed or verified with it. */
  async revoke(kid: string, now: number): Promise<void> {
    await this.database.query('update ledger.signing_key set revoked_at = $2 where kid = $1 and revoked_at is null', [
      kid,
      now,
    ]);
    await this.reload();
  }

  /** Forgets the private part and leaves the JWKS. Only for a key whose tokens are all dead. */
  async retire(kid: string): Promise<void> {
    await this.database.query('update ledger.signing_key set private_key = null where kid = $1', [kid]);
    await this.reload();
  }

  private async loadOlderThan(ms: number): Promise<void> {
    if (this.clock() - this.loadedAt >= ms) await this.loadOnce();
  }

  /** As the database has them now: a load that began before a change may not have seen it. */
  async reload(): Promise<void> {
    await this.loading?.catch(() => undefined);
    await this.loadOnce();
  }

  private loadOnce(): Promise<void> {
    this.loading ??= this.load().finally(() => (this.loading = null));
    return this.loading;
  }

  private async load(): Promise<void> {
    const rows = (await this.database.query<KeyRow>(LOAD)) as [KeyRow, ...KeyRow[]];
    const known = rows.filter((row): row is StoredKey => row.kid !== null);
    this.keys = new Map(known.map((row) => [row.kid, this.import(row)]));
    this.version = rows[0].version;
    this.loadedAt = this.clock();
  }

  private import(row: StoredKey): SigningKey {
    const known = this.keys.get(row.kid);
    const state = { createdAt: row.created_at, signsFrom: row.signs_from, revokedAt: row.revoked_at };
    if (known) return { ...known, ...state, privateKey: row.private_key ? known.privateKey : null };
    return {
      kid: row.kid,
      publicJwk: row.public_key,
      publicKey: importPublicKey(row.public_key),
      privateKey: row.private_key
        ? importPrivateKey(JSON.parse(this.box.unseal(row.private_key, sealContext(row.kid))) as object)
        : null,
      ...state,
    };
  }
}

function sealContext(kid: string): string {
  return `signing-key:${kid}`;
}
