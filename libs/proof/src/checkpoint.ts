import type { KeyObject } from 'node:crypto';
import { openNote, signNote, type NoteVerifier } from './signed-note.js';

/** What the log says of itself: so many events, this root, at this time. */
export interface Checkpoint {
  /** Name of the log. */
  origin: string;
  size: number;
  root: Buffer;
  /** RFC 3339 UTC. */
  time: string;
}

export interface CheckpointSigner {
  origin: string;
  rawPublicKey: Uint8Array;
  privateKey: KeyObject;
}

const TIME = 'time ';
const BODY = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n((?:[^\n]+\n)*)$/;

/** C2SP checkpoint: origin, size, root; the time stands in an extension line. */
export function signCheckpoint({ size, root, time }: Omit<Checkpoint, 'origin'>, signer: CheckpointSigner): string {
  const text = `${signer.origin}\n${size}\n${root.toString('base64')}\n${TIME}${time}\n`;
  return signNote(text, signer.origin, signer.rawPublicKey, signer.privateKey);
}

/** The checkpoint in a note that one of the verifiers' keys has signed; null when none has, or it is no checkpoint of that log. */
export function openCheckpoint(note: string, verifiers: readonly NoteVerifier[]): Checkpoint | null {
  for (const verifier of verifiers) {
    const checkpoint = parseCheckpoint(openNote(note, verifier));
    if (checkpoint?.origin === verifier.name) return checkpoint;
  }
  return null;
}

/** What a note says, whoever signed it; null when it is no checkpoint. */
export function readCheckpoint(note: string): Checkpoint | null {
  const split = note.lastIndexOf('\n\n');
  return split < 0 ? null : parseCheckpoint(note.slice(0, split + 1));
}

function parseCheckpoint(text: string | null): Checkpoint | null {
  const [, origin, size, root, extensions] = BODY.exec(text ?? '') ?? [];
  if (origin === undefined || size === undefined || root === undefined) return null;
  const time = extensions?.split('\n').find((line) => line.startsWith(TIME));
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), time: time?.slice(TIME.length) ?? '' };
}
