import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

const ED25519 = 0x01;
const KEY_HASH_BYTES = 4;
const SIGNATURE_BYTES = 64;
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Who verifies a note: `<name>+<key hash>+<key>`, as the C2SP signed-note format writes it. */
export interface NoteVerifier {
  name: string;
  /** First 4 bytes of SHA-256 over name, newline and key, hex. */
  keyHash: string;
  publicKey: KeyObject;
}

/** C2SP signed note: text, empty line, signature lines. `text` ends with a newline. */
export function signNote(text: string, name: string, rawPublicKey: Uint8Array, privateKey: KeyObject): string {
  const signature = Buffer.concat([keyHash(name, rawPublicKey), sign(null, Buffer.from(text), privateKey)]);
  return `${text}\n\u2014 ${name} ${signature.toString('base64')}\n`;
}

/** The note's text when a signature of the verifier is on it; null when there is none or it is wrong. */
export function openNote(note: string, verifier: NoteVerifier): string | null {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return null;
  const text = note.slice(0, split + 1);
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const [, name, encoded] = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    if (name === undefined || encoded === undefined) return null;
    const bytes = Buffer.from(encoded, 'base64');
    // Unused bits of the last character decode to nothing: another text with the same signature would pass as signed.
    if (bytes.toString('base64') !== encoded) return null;
    const isOurs = name === verifier.name && bytes.toString('hex', 0, KEY_HASH_BYTES) === verifier.keyHash;
    if (!isOurs || bytes.length !== KEY_HASH_BYTES + SIGNATURE_BYTES) continue;
    return verify(null, Buffer.from(text), verifier.publicKey, bytes.subarray(KEY_HASH_BYTES)) ? text : null;
  }
  return null;
}

/** The public key as an auditor keeps it. */
export function verifierKey(name: string, rawPublicKey: Uint8Array): string {
  const key = Buffer.concat([Buffer.of(ED25519), rawPublicKey]).toString('base64');
  return `${name}+${keyHash(name, rawPublicKey).toString('hex')}+${key}`;
}

/** Throws a RangeError when the text is no Ed25519 verifier key. */
export function parseVerifierKey(text: string): NoteVerifier {
  const [, name, hash, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text.trim()) ?? [];
  const key = Buffer.from(encoded ?? '', 'base64');
  if (name === undefined || key.length !== 33 || key[0] !== ED25519) throw new RangeError('not a verifier key');
  const raw = key.subarray(1);
  if (keyHash(name, raw).toString('hex') !== hash) throw new RangeError('the verifier key does not fit its own hash');
  return { name, keyHash: hash, publicKey: publicKeyOf(raw) };
}

/** Ed25519 public key of its 32 bytes. */
export function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
}

/** The 32 bytes of an Ed25519 public key. */
export function rawPublicKeyOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
}

function keyHash(name: string, rawPublicKey: Uint8Array): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.of(ED25519))
    .update(rawPublicKey)
    .digest()
    .subarray(0, KEY_HASH_BYTES);
}
