import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const FILE = join(import.meta.dirname, 'calls-of-the-test.ts');
const HEAD = "import type { OwnerHttp } from './owner-http.js'; declare const http: OwnerHttp;";

/** Which of the lines the compiler refuses, with this repository's settings. */
function refused(lines: readonly string[]): string[] {
  const text = [HEAD, ...lines].join('\n');
  const parsed = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { compilerOptions } = parsed.config as { compilerOptions: object };
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, ROOT);
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([FILE], options, {
    ...host,
    fileExists: (path) => path === FILE || host.fileExists(path),
    getSourceFile: (path, version) =>
      path === FILE ? ts.createSourceFile(path, text, version) : host.getSourceFile(path, version),
  });
  const source = program.getSourceFile(FILE) as ts.SourceFile;
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  const at = new Set(found.map(({ start = 0 }) => source.getLineAndCharacterOfPosition(start).line));
  return [...at].map((line) => lines[line - 1] ?? HEAD);
}

const RIGHT = [
  "void http.call('GET /v1/agents', {});",
  "void http.call('POST /v1/agents', { body: { name: 'courier' } }, { idempotencyKey: 'k' });",
  "void http.call('GET /v1/sessions/:id', { params: { id: 'x' }, query: { minVersion: 2 } });",
  "void http.call('PUT /v1/kill-switch', {});",
  "void http.call('GET /v1/status', {}).then((answer) => answer.version satisfies string);",
  "void http.call('DELETE /v1/holders/:id', { params: { id: 'x' } }).then((answer) => answer satisfies undefined);",
];

const WRONG = [
  // No such path, no such method there.
  "void http.call('GET /v1/agent', {});",
  "void http.call('PUT /v1/agents', {});",
  // A parameter that is missing or has another name.
  "void http.call('GET /v1/sessions/:id', {});",
  "void http.call('GET /v1/sessions/:id', { params: { sessionId: 'x' } });",
  // A body that is missing, of another type, with something unknown, or where there is none.
  "void http.call('POST /v1/agents', {});",
  "void http.call('POST /v1/agents', { body: { name: 1 } });",
  "void http.call('POST /v1/agents', { body: { name: 'x', colour: 'red' } });",
  "void http.call('GET /v1/agents', { body: { name: 'x' } });",
  // A query that the route does not have.
  "void http.call('GET /v1/agents', { query: { colour: 'red' } });",
  // An answer taken for another.
  "void http.call('GET /v1/status', {}).then((answer) => answer.version satisfies number);",
  "void http.call('GET /v1/kill-switch', {}).then((answer) => answer.enabled);",
];

describe('a call of the typed client', () => {
  it('compiles where it fits the route table, and does not where path, parameters, query, body or answer differ', () => {
    expect(refused([...RIGHT, ...WRONG])).toEqual(WRONG);
  });
});
