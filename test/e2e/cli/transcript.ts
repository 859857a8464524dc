import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliFixture } from './cli-fixture.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
export const DOCUMENT = join(ROOT, 'docs', 'cli.md');
/** Set to write the document anew from what the commands say now. */
export const UPDATING = process.env['UPDATE_TRANSCRIPTS'] === '1';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Runs commands one after the other and keeps what a reader would see, with ids, times and places made the same each time. */
export class Transcript {
  private readonly lines: string[] = [];
  private readonly ids = new Map<string, string>();

  constructor(private readonly fixture: CliFixture) {}

  async run(...args: string[]): Promise<void> {
    const { exit, stdout, stderr } = await this.fixture.run(...args);
    this.lines.push(`$ sledger ${args.map(quoted).join(' ')}`, ...(stderr + stdout).trimEnd().split('\n'));
    if (exit !== 0) this.lines.push(`[exit ${exit}]`);
    this.lines.push('');
  }

  /** Something that happens outside sledger, as a line of a shell. */
  shell(line: string): void {
    this.lines.push(`$ ${line}`, '');
  }

  toString(): string {
    const { home, url } = this.fixture;
    return (
      this.lines
        .join('\n')
        .trimEnd()
        .replaceAll(home.dataDir, '~/.session-ledger')
        .replaceAll(home.home, '~')
        .replaceAll(url, 'http://127.0.0.1:3100')
        .replaceAll(process.execPath, '/usr/bin/node')
        .replaceAll(ROOT, '/opt/session-ledger')
        .replaceAll(UUID, (id) => this.sameId(id))
        .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/g, '2026-11-21T10:00:00Z')
        .replaceAll(/\d{8}T\d{6}Z?\.bak/g, '20261121T100000Z.bak')
        .replaceAll(/\b\d+ s ago/g, '2 s ago')
        .replaceAll(/position \d+/g, 'position 12')
        .replaceAll(/\(\d{4}-[a-z-]+\)/g, '(0060-telegram-bot)')
        // A second more or less on a slow machine.
        .replaceAll(/\b(\d+) d 23 h\b/g, (_all, days: string) => `${Number(days) + 1} d`)
    );
  }

  private sameId(id: string): string {
    const known = this.ids.get(id) ?? `0197c2aa-4b1e-7c3d-9f00-${String(this.ids.size + 1).padStart(12, '0')}`;
    this.ids.set(id, known);
    return known;
  }
}

function quoted(word: string): string {
  return /^[\w./:=,-]+$/.test(word) ? word : `"${word}"`;
}

/** The transcript of that name in the document. */
export function documented(name: string): string {
  return blockOf(name).exec(readFileSync(DOCUMENT, 'utf8'))?.[2] ?? '';
}

export function document(name: string, transcript: string): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  writeFileSync(
    DOCUMENT,
    text.replace(blockOf(name), (_all, before: string, _old, after: string) => before + transcript + after),
  );
}

function blockOf(name: string): RegExp {
  return new RegExp(`(<!-- transcript: ${name} -->\\n\\n\`\`\`console\\n)((?:(?!\`\`\`)[\\s\\S])*?)(\\n\`\`\`)`);
}
