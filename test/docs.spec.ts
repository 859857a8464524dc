import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const LINK = /\]\((?!https?:|#|mailto:)([^)#\s]+)/g;

function pages(): string[] {
  const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
  return ['README.md', 'CHANGELOG.md', ...docs.map((file) => join('docs', file))];
}

/** A path from the root; `*` is any name. */
function matches(spec: string, name: string): boolean {
  const [before = '', after = ''] = name.split('*');
  return name.includes('*') ? spec.startsWith(before) && spec.endsWith(after) : spec === name;
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

  it('names a test that exists for every row of the threat model and of the security checklist', () => {
    const rows = readFileSync('docs/security.md', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (who or what|area) /.test(line) && !/^\| -/.test(line));
    expect(rows.length).toBeGreaterThan(20);
    const specs = ['apps', 'libs', 'test'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    );
    const wrong = rows.flatMap((row) => {
      const shownBy = row.split('|').at(-2) ?? '';
      const named = [...shownBy.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
      const missing = named.filter((name) => !specs.some((spec) => matches(spec, name)));
      return named.length === 0 || missing.length > 0 ? [`${row.slice(0, 60)}: ${missing.join(', ')}`] : [];
    });
    expect(wrong).toEqual([]);
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
