import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const LINK = /\]\((?!https?:|#|mailto:)([^)#\s]+)/g;

function pages(): string[] {
  const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
  return ['README.md', 'CHANGELOG.md', ...docs.map((file) => join('docs', file))];
}

describe('the documentation', () => {
  it('links only to files that exist', () => {
    const broken = pages().flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(LINK)]
        .map(([, target = '']) => join(dirname(page), target))
        .filter((target) => !existsSync(target))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('explains every key of the configuration, with nothing that is not one', () => {
    const schema = readFileSync('libs/platform/src/config.ts', 'utf8');
    const keysIn = (text: string, pattern: RegExp): string[] =>
      [...text.matchAll(pattern)].map(([, key = '']) => key).sort();
    const known = keysIn(schema, /^ {2}((?:LEDGER_|DATABASE_|NATS_)\w+):/gm);
    const explained = keysIn(readFileSync('.env.example', 'utf8'), /^#(\w+)=/gm);
    expect(known.length).toBeGreaterThan(20);
    expect(explained).toEqual([...known, 'LEDGER_CONFIG_FILE'].sort());
  });
});
