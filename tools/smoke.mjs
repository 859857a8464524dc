/** Start-up smoke: the standalone starts on an empty data directory, answers, and stops on SIGTERM without leaving anything. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './freshness.mjs';

const DEADLINE_MS = 120_000;
const dataDir = mkdtempSync(join(tmpdir(), 'session-ledger-smoke-'));
// Where root starts this, PostgreSQL runs as another user and must pass here.
chmodSync(dataDir, 0o711);
const child = spawn(process.execPath, [join(ROOT, 'dist/apps/standalone/src/main.js')], {
  env: { ...process.env, LEDGER_DATA_DIR: dataDir, LEDGER_PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const exited = new Promise((resolve) => child.once('exit', resolve));
const deadline = setTimeout(() => child.kill('SIGTERM'), DEADLINE_MS);

await new Promise((resolve) => {
  child.stdout.on('data', (text) => /is ready/.test(String(text)) && resolve());
  child.once('exit', resolve);
});
const problems = child.exitCode === null ? await check() : [];
child.kill('SIGTERM');
const code = await exited;
clearTimeout(deadline);
if (code !== 0) problems.push(`it ended with code ${code}`);
rmSync(dataDir, { recursive: true, force: true });
console.log(problems.length === 0 ? 'It starts, answers and stops.' : `Smoke test failed: ${problems.join('; ')}`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function check() {
  const { baseUrl } = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8'));
  const found = [];
  for (const path of ['/health/live', '/health/ready', '/.well-known/jwks.json']) {
    const { status } = await fetch(baseUrl + path);
    if (status !== 200) found.push(`GET ${path} answered ${status}`);
  }
  return found;
}
