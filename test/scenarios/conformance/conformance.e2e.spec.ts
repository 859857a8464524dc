import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProcess } from '#libs/testing';
import { RunningLedger } from '../running-ledger.js';
import { HttpBridge } from './http-bridge.js';
import { APPLICABLE, NOT_APPLICABLE, UNTESTABLE } from './scenarios.js';

const RUNNER = join(process.cwd(), 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
const GLOB_SYNC = join(import.meta.dirname, 'glob-sync.mjs');
/** The last of each era; the older revision of the first era is asked the same questions. */
const REVISIONS = ['2025-11-25', '2026-07-28'];

interface Check {
  id: string;
  status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  errorMessage?: string;
}

let ledger: RunningLedger;
let bridge: HttpBridge;

beforeAll(async () => {
  ledger = await RunningLedger.start();
  const { dataDir } = await ledger.install({ expiresIn: 600 });
  bridge = await HttpBridge.start({ dataDir, baseUrl: ledger.baseUrl });
});
afterAll(async () => {
  await bridge[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

async function runner(...args: string[]): Promise<string> {
  const running = await startProcess(process.execPath, { args: ['--import', GLOB_SYNC, RUNNER, ...args] });
  await running.exited;
  return running.output;
}

/** Runs one scenario with the official runner and reads its record; what it reports beyond success, line by line. */
async function complaints(scenario: string, revision: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  const to = ['--url', bridge.url, '--scenario', scenario, '--spec-version', revision, '-o', folder];
  const output = await runner('server', ...to);
  const [record] = readdirSync(folder);
  if (record === undefined) throw new Error(`The runner left no record of ${scenario}:\n${output}`);
  const checks = JSON.parse(readFileSync(join(folder, record, 'checks.json'), 'utf8')) as Check[];
  expect(checks.map(({ status }) => status)).toContain('SUCCESS');
  const told = ({ status, id }: Check): boolean =>
    (status === 'FAILURE' || status === 'WARNING') && !UNTESTABLE.includes(id);
  return checks
    .filter(told)
    .map(({ status, id, errorMessage = '' }) => `${scenario}: ${status} ${id}: ${errorMessage}`);
}

describe('the official conformance runner', () => {
  it('has no scenario for servers that is neither run here nor named with a reason', async () => {
    const listed = [...(await runner('list', '--server')).matchAll(/^ {2}- (\S+) \[([^\]]*)\]/gm)];
    expect(listed.length).toBeGreaterThan(30);
    for (const [, name = '', revisions = ''] of listed) {
      const reasons = NOT_APPLICABLE.filter(([pattern]) => pattern.exec(name)?.[0] === name);
      const wanted = revisions.split(',').filter((revision) => REVISIONS.includes(revision));
      expect({ name, runs: APPLICABLE[name] ?? reasons.length }).toEqual({
        name,
        runs: reasons.length === 1 ? 1 : wanted,
      });
    }
  });

  it.each(REVISIONS)(
    'finds nothing to say against revision %s',
    async (revision) => {
      const scenarios = Object.keys(APPLICABLE).filter((name) => APPLICABLE[name]?.includes(revision));
      const found: string[] = [];
      for (const scenario of scenarios) found.push(...(await complaints(scenario, revision)));
      expect(found).toEqual([]);
    },
    600_000,
  );
});
