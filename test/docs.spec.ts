import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const LINK = /\]\((?!https?:|#|mailto:)([^)#\s]+)/g;

function pages(): string[] {
  const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
  return ['README.md', 'CHANGELOG.md', ...docs.map((file) => join('docs', file))];
}

const SPECS = ['apps', 'libs', 'test'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
);

/** The last cells of the tables that end with `shown by`; only rows of items with a number may have no test. */
function shownBy(page: string): { cell: string; mayHaveNone: boolean }[] {
  const tables = page.split('\n\n').filter((block) => /^\|.* shown by +\|\n/.test(block));
  return tables.flatMap((table) => {
    const lines = table.trim().split('\n').slice(2);
    return lines.map((line) => ({
      cell: line.split(' | ').at(-1)?.replace(/ *\|$/, '').trim() ?? '',
      mayHaveNone: /^\| V\d/.test(line),
    }));
  });
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

  it('names only specs that exist', () => {
    const missing = pages().flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/[\w./*-]+\.spec\.ts/g)]
        .map(([path = '']) => path.replace(/^(\.\.\/)+/, ''))
        .filter((path) => !SPECS.some((spec) => matches(spec, path)))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it('names for every row of the security page a test that exists, or says that there is none', () => {
    const rows = shownBy(readFileSync('docs/security.md', 'utf8'));
    expect(rows.length).toBeGreaterThan(100);
    const wrong = rows.filter(
      ({ cell, mayHaveNone }) => !(mayHaveNone && cell === 'no test') && !/`[^`]+\.spec\.ts`/.test(cell),
    );
    expect(wrong).toEqual([]);
    const unknown = rows.flatMap(({ cell }) =>
      [...cell.matchAll(/`([^`]+\.spec\.ts)`((?: “[^”]+”)*)/g)].flatMap(([, path = '', names = '']) => {
        const spec = readFileSync(path, 'utf8');
        const named = [...names.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name);
        return named.filter((name) => !spec.includes(name)).map((name) => `${path}: ${name}`);
      }),
    );
    expect(unknown).toEqual([]);
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
