import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createOnce } from '#libs/platform';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 1;

/** The key is another one, or the value was altered or moved. */
export class UnsealError extends Error {
  override readonly name = 'UnsealError';
  constructor(context: string, cause: unknown) {
    super(`the sealed value of ${context} does not open: is this the sealing key it was made with?`, { cause });
  }
}

/** Where the sealing key comes from: given as base64, or a file that is made (0600) at first use. */
export type SealKeySource = { base64: string } | { file: string };

/**
 * Seals secrets at rest with AES-256-GCM. `context` (table and row) is authenticated, so that a sealed value moved to another row
 * does not open. Sealed form: version byte, nonce, tag, ciphertext.
 */
export class SecretBox {
  private constructor(private readonly key: Buffer) {}

  static open(source: SealKeySource): SecretBox {
    const key = 'base64' in source ? Buffer.from(source.base64, 'base64') : readOrMakeKey(source.file);
    if (key.length !== KEY_BYTES) throw new Error('the sealing key must be 32 bytes; restore it from the backup');
    return new SecretBox(key);
  }

  seal(plaintext: string, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key, nonce).setAAD(Buffer.from(context));
    const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), ciphertext]);
  }

  /** @throws UnsealError when the key is another one or the value was altered or moved. */
  unseal(sealed: Buffer, context: string): string {
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
    try {
      if (sealed[0] !== VERSION) throw new Error(`unknown version ${sealed[0]}`);
      const decipher = createDecipheriv(ALGORITHM, this.key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(context))
        .setAuthTag(tag);
      const ciphertext = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new UnsealError(context, cause);
    }
  }
}

function readOrMakeKey(file: string): Buffer {
  try {
    return Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Several services may start at once: all take the one that was first.
  createOnce(file, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
}
