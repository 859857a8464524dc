import { readFileSync } from 'node:fs';
import { Failure } from '../failure.js';

/** A signed note within other text: name of the log, size, root, more lines, an empty line, signatures. */
const NOTE =
  /^[^\n]+\n(?:0|[1-9]\d{0,15})\n[A-Za-z0-9+/]{43}=\n(?:[^\n]+\n)*\n(?:\u2014 \S+ [A-Za-z0-9+/]+={0,2}(?:\n|$))+/gm;

/**
 * The signed notes in a file that was kept: a note alone, a message that was saved from a chat or a mailbox with others around
 * it, or the body of a webhook. What holds no note is given back as it is, so that the verifier names it.
 */
export function readWitnesses(path: string): string[] {
  return notesIn(read(path));
}

export function notesIn(text: string): string[] {
  const plain = (noteOfWebhook(text) ?? text).replaceAll('\r\n', '\n');
  const notes = plain.match(NOTE)?.map((note) => (note.endsWith('\n') ? note : `${note}\n`));
  return notes ?? [text];
}

function noteOfWebhook(text: string): string | null {
  try {
    const { data } = JSON.parse(text) as { data?: { note?: unknown } };
    return typeof data?.note === 'string' ? data.note : null;
  } catch {
    return null;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const remedy = 'Give a file with a signed checkpoint.';
    throw new Failure(`--witness: ${path} cannot be read`, remedy, 'bad_option', { cause: error });
  }
}
