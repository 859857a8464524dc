import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '#libs/testing';
import { LedgerProxy } from '../../scenarios/ledger-proxy.js';
import { allOf, McpHost } from '../../scenarios/mcp-host.js';
import { runBench } from '../bench-run.js';
import { BenchLedger } from './bench-ledger.js';
import { refreshTimes } from './refresh-token.js';

const ROTATIONS = Number(process.env['BENCH_ROTATIONS'] ?? 1000);
const REFRESHES = Number(process.env['BENCH_REFRESHES'] ?? 40);
const STARTS = 7;
const CALLS_PER_SECOND = 50;
const SIBLINGS = 5;

interface Row {
  figure: string;
  value: number;
  unit: string;
  baseline: null;
  ratio: null;
  goal: string;
  met: boolean;
}

function row(figure: string, value: number, unit: string, goal: string, met: boolean): Row {
  return { figure, value: Math.round(value * 10) / 10, unit, baseline: null, ratio: null, goal, met };
}

function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** From spawn to the first tool's answer, and the memory after a hundred calls. */
async function startAndMemory(ledger: BenchLedger): Promise<Row[]> {
  const times: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    const { dataDir } = await ledger.install(600);
    const started = performance.now();
    await using host = await McpHost.connect({ dataDir, baseUrl: ledger.baseUrl });
    await host.call('session_status');
    times.push(performance.now() - started);
    for (let call = 0; call < 100; call += 1) await host.call('session_status');
    const status = readFileSync(`/proc/${host.process.pid}/status`, 'utf8');
    memory.push(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }
  const [start, rss] = [quantile(times, 0.5), quantile(memory, 0.5)];
  return [
    row('start to first answer, median', start, 'ms', '< 500', start < 500),
    row('memory after 100 calls, median', rss, 'MiB', '< 80', rss < 80),
  ];
}

/** Rotations under steady calls: from the rotator's 2xx to the first request that the api answers 200 with the new generation. */
async function hotSwap(ledger: BenchLedger): Promise<Row[]> {
  const { dataDir, session } = await ledger.install(3600);
  await using proxy = await LedgerProxy.start(ledger.baseUrl);
  await using host = await McpHost.connect({ dataDir, baseUrl: proxy.url });
  await host.untilSelf({ state: 'active' });
  let calls = 0;
  const failures: string[] = [];
  let going = true;
  const pending: Promise<void>[] = [];
  const caller = (async () => {
    while (going) {
      calls += 1;
      pending.push(
        host.call('session_status').then(
          ({ isError, content, text }) => {
            if (isError || content['status'] !== 'ok') failures.push(text);
          },
          (error: unknown) => void failures.push(String(error)),
        ),
      );
      await sleep(1000 / CALLS_PER_SECOND);
    }
  })();
  const times: number[] = [];
  for (let round = 0; round < ROTATIONS; round += 1) {
    proxy.forget();
    const { generation } = await ledger.owner.rotateSession(session.id);
    const since = performance.now();
    const first = await until(() => proxy.seen.find((seen) => seen.generation === generation && seen.status === 200), {
      describe: `generation ${generation} in use`,
    });
    times.push(Math.max(0, first.at - since));
    await sleep(Math.random() * 40);
  }
  going = false;
  await caller;
  await Promise.all(pending);
  for (const text of failures.slice(0, 5)) process.stderr.write(`lost: ${text.slice(0, 500)}\n`);
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  return [
    row(`swap, ${ROTATIONS} rotations, p50`, p50, 'ms', '–', true),
    row(`swap, ${ROTATIONS} rotations, p99`, p99, 'ms', '< 100', p99 < 100),
    row('calls made meanwhile', calls, 'calls', '–', true),
    row('calls lost', failures.length, 'calls', '0', failures.length === 0),
  ];
}

/** `sledger mcp refresh-token` by the real command, counted from its own creation and from its own revocation. */
async function refresh(ledger: BenchLedger): Promise<Row[]> {
  const { fromCreation, fromRevocation, calls, lost } = await refreshTimes(ledger, REFRESHES);
  for (const text of lost.slice(0, 5)) process.stderr.write(`lost: ${text.slice(0, 500)}\n`);
  const [created, revoked] = [quantile(fromCreation, 0.99), quantile(fromRevocation, 0.99)];
  return [
    row(`refresh-token, ${REFRESHES} times, from creation, p50`, quantile(fromCreation, 0.5), 'ms', '–', true),
    row(`refresh-token, ${REFRESHES} times, from creation, p99`, created, 'ms', '< 100', created < 100),
    row(`refresh-token, ${REFRESHES} times, from revocation, p99`, revoked, 'ms', '< 100', revoked < 100),
    row(`refresh-token, calls lost of ${calls}`, lost.length, 'calls', '0', lost.length === 0),
  ];
}

/** Siblings that sleep past the renewal and wake together: how many renewals do they send? */
async function wakeUp(ledger: BenchLedger): Promise<Row[]> {
  const { dataDir, session } = await ledger.install(40);
  await using proxy = await LedgerProxy.start(ledger.baseUrl);
  const hosts = await Promise.all(
    Array.from({ length: SIBLINGS }, () => McpHost.connect({ dataDir, baseUrl: proxy.url })),
  );
  await using _all = allOf(hosts);
  await Promise.all(hosts.map((host) => host.untilSelf({ state: 'active' })));
  for (const { process } of hosts) process.signal('SIGSTOP');
  await sleep(Math.max(0, Date.parse(session.expiresAt) - Date.now() - 8_000));
  proxy.forget();
  for (const { process } of hosts) process.signal('SIGCONT');
  await Promise.all(hosts.map((host) => host.untilSelf({ generation: 1 })));
  const [renewals, requests] = [proxy.count('PUT', '/renew'), proxy.seen.length];
  return [
    row(`${SIBLINGS} siblings woken together: renewals sent`, renewals, 'requests', '1', renewals === 1),
    row(`${SIBLINGS} siblings woken together: all requests`, requests, 'requests', '–', true),
  ];
}

await runBench('mcp', async (run) => {
  const ledger = await BenchLedger.start(run.folder);
  run.onEnd(() => ledger[Symbol.asyncDispose]());
  const rows = [
    ...(await startAndMemory(ledger)),
    ...(await hotSwap(ledger)),
    ...(await refresh(ledger)),
    ...(await wakeUp(ledger)),
  ];
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  mkdirSync('bench-results', { recursive: true });
  const result = { name: 'mcp', date: new Date().toISOString(), machine, rows };
  writeFileSync('bench-results/mcp.json', `${JSON.stringify(result, null, 2)}\n`);
  for (const { figure, value, unit, goal, met } of rows) {
    process.stdout.write(
      `${figure.padEnd(50)} ${String(value).padStart(8)} ${unit.padEnd(9)} goal ${goal.padEnd(6)} ${met ? 'met' : 'NOT MET'}\n`,
    );
  }
  process.exitCode = rows.every(({ met }) => met) ? 0 : 1;
});
