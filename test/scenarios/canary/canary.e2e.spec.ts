import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { OwnerClient } from '#libs/client';
import { locateCluster } from '#libs/embedded';
import { Needles, ProcessWatch, registerSecret, startProcess, testEnvironment, until } from '#libs/testing';
import { FAST, startLedger } from '../../demo/ledger-process.js';
import { startReceivers } from '../../demo/receivers.js';
import { Stage } from '../../demo/stage.js';
import { addChannels, alert, history, renewal, revocation, rotation, setUp, startDesktop } from '../../demo/story.js';
import { sendWrongRequests, useBrokenChannels } from './error-paths.js';
import { RecordingProxy, type RecordedAnswer } from './recording-proxy.js';
import { dumpOf, filesIn, privateKeysIn, type Stored } from './stored.js';

/** Answers that are there to carry a secret: each may carry its own, and no other answer may. */
const ISSUING =
  /^(POST \/v1\/(sessions|sessions\/[^/]+\/rotate|api-keys|channels|channels\/[^/]+\/rotate-secret)|PUT \/v1\/sessions\/[^/]+\/renew)$/;
/** Files that are there to keep a secret; nobody but their owner may read them. */
const KEEPING =
  /^(owner-key|mcp-token|mcp-tokens\/.*|holder[^/]*\.json|holders\/.*|nats\/(password|.*\.conf)|postgres\/password)$/;

const COMMANDS = [
  ['status'],
  ['doctor'],
  ['agent', 'list'],
  ['session', 'show', 'ffffffff'],
  ['holder', 'list'],
  ['channel', 'list'],
  ['deliveries', 'list'],
  ['audit', 'export'],
  ['session', 'list', '--output', 'json'],
];

describe('a secret', () => {
  it('stands in no output, process, answer, message, database row or file of a whole run with all its errors', async () => {
    const dataDir = mkdtempSync(join(testEnvironment().runDir, 'canary-'));
    chmodSync(dataDir, 0o711);
    const needles = new Needles();
    const printed: Stored[] = [];
    const sealKey = randomBytes(32).toString('base64');
    needles.add('seal key', sealKey);

    using watch = ProcessWatch.start();
    await using receivers = await startReceivers();
    await using ledger = await startLedger(dataDir, { ...FAST, LEDGER_SEAL_KEY: sealKey, LEDGER_LOG_LEVEL: 'trace' });
    await using proxy = await RecordingProxy.start(ledger.baseUrl);
    const ownerKey = readFileSync(join(dataDir, 'owner-key'), 'utf8').trim();
    const secrets = {
      ownerKey,
      liveToken: '',
      deadToken: '',
      botToken: receivers.botToken,
      smtpPassword: randomBytes(18).toString('base64'),
      webhookPath: randomBytes(18).toString('hex'),
    };
    needles.add('owner key', ownerKey);
    needles.add('bot token', receivers.botToken.split(':')[1] ?? '');
    needles.add('webhook secret', receivers.webhookSecret.slice('whsec_'.length));
    needles.add('SMTP password', secrets.smtpPassword);
    needles.add('webhook path', secrets.webhookPath);
    registerSecret('an SMTP password', secrets.smtpPassword);
    registerSecret('the path of a webhook', secrets.webhookPath);
    registerSecret('a sealing key of the environment', sealKey);
    for (const server of ['nats', 'postgres']) {
      needles.add(`${server} password`, readFileSync(join(dataDir, server, 'password'), 'utf8').trim());
    }

    const stage = new Stage((text) => printed.push({ where: 'demo', content: text }));
    const world = { owner: { dataDir, baseUrl: proxy.url }, ownerKey, receivers, stage, tokenLife: 10 };
    await addChannels(world);
    const setup = await setUp(world);
    printed.push({ where: 'mcp setup', content: JSON.stringify(setup) });
    await using desktop = await startDesktop(world, setup);
    await renewal(world, desktop, 1);
    const { generation } = await rotation(world, desktop, setup);
    await renewal(world, desktop, generation + 1);
    await alert(world, setup);
    await revocation(world, desktop, setup);
    await history(world, setup);

    const owner = new OwnerClient({ baseUrl: proxy.url, credential: ownerKey });
    const dead = await owner.createSession({ agentId: setup.agentId, supersede: false });
    await owner.revokeSession(dead.id);
    const live = await owner.createSession({ agentId: setup.agentId, supersede: false });
    secrets.deadToken = dead.token ?? '';
    secrets.liveToken = live.token ?? '';
    const key = await owner.http.call('POST /v1/api-keys', {
      body: { name: 'k', role: 'auditor' },
    });
    await new OwnerClient({ baseUrl: proxy.url, credential: key.key as string }).auditPage();
    await sendWrongRequests(proxy.url, secrets);
    await useBrokenChannels(owner, secrets, receivers.mail.port);
    await owner.activateKillSwitch({ reason: 'a drill' });
    await desktop.call('list_sessions');
    await owner.releaseKillSwitch();
    for (const args of COMMANDS) printed.push({ where: args.join(' '), content: await run(dataDir, proxy.url, args) });
    await (await fetch(`${proxy.url}/v1/audit/log`, { headers: { 'x-master-password': ownerKey } })).text();
    await killPostgres(dataDir);
    await until(() => owner.sessionPage(), { describe: 'the ledger to come back' });

    collectIssued(needles, proxy.answers);
    const holder = JSON.parse(readFileSync(join(dataDir, 'holder.json'), 'utf8')) as unknown;
    for (const [index, d] of privateParts(holder).entries()) needles.add(`holder key ${index}`, d);
    const url = databaseUrl(dataDir);
    for (const [name, secret] of await privateKeysIn(url, sealKey)) needles.add(name, secret);
    const dump = await dumpOf(url);
    await desktop[Symbol.asyncDispose]();
    await ledger.process.stop();
    printed.push({ where: 'ledger', content: ledger.process.output }, { where: 'mcp stderr', content: desktop.stderr });

    // What is searched for was really in play, and the search would find it.
    expect(needles.size).toBeGreaterThanOrEqual(18);
    expect(ledger.process.output.length).toBeGreaterThan(1_000);
    expect(dump.length).toBeGreaterThan(20);
    const issuing = proxy.answers.filter((answer) => ISSUING.test(`${answer.method} ${answer.path}`));
    expect(new Set(issuing.flatMap(({ body }) => needles.in(body))).size).toBeGreaterThanOrEqual(6);

    expect(findings(needles, printed)).toEqual([]);
    expect(findings(needles, dump)).toEqual([]);
    expect(findings(needles, messagesOf(receivers))).toEqual([]);
    expect(findings(needles, answersOf(proxy.answers))).toEqual([]);
    expect(issuedElsewhere(needles, issuing)).toEqual([]);
    expect(findings(needles, processesOf(watch, ledger.process.pid))).toEqual([]);
    const files = [dataDir, locateCluster(join(dataDir, 'postgres')).cluster].flatMap(filesIn);
    expect(files.some(({ path }) => path.includes('jetstream'))).toBe(true);
    const kept = files.filter(({ path }) => KEEPING.test(path));
    expect(kept.filter(({ mode }) => mode !== 0o600).map(({ path }) => path)).toEqual([]);
    const others = files.filter((file) => !kept.includes(file)).map(({ path, content }) => ({ where: path, content }));
    expect(findings(needles, others)).toEqual([]);
  }, 600_000);
});

function findings(needles: Needles, stored: Stored[]): string[] {
  return [...new Set(stored.flatMap(({ where, content }) => needles.in(content).map((name) => `${name} in ${where}`)))];
}

/** Every token and key as it was handed out. */
function collectIssued(needles: Needles, answers: RecordedAnswer[]): void {
  for (const { method, path, body } of answers) {
    if (!ISSUING.test(`${method} ${path}`)) continue;
    const { token, key, secret } = JSON.parse(body) as { token?: string | null; key?: string; secret?: string };
    // Header and claims stand in the ledger; the signature opens.
    const signature = token?.split('.')[2];
    if (signature !== undefined) needles.add(`token ${signature.slice(0, 6)}…`, signature);
    if (key !== undefined) needles.add(`API key ${key.slice(7, 11)}…`, key.slice('sl_key_'.length));
    if (secret !== undefined) needles.add(`made secret ${secret.slice(6, 10)}…`, secret.slice('whsec_'.length));
  }
}

function answersOf(answers: RecordedAnswer[]): Stored[] {
  return answers.map(({ method, path, status, headers, body }) => ({
    where: `${status} to ${method} ${path}`,
    content: JSON.stringify(headers) + (ISSUING.test(`${method} ${path}`) ? '' : body),
  }));
}

/** A secret that is born in one answer and comes again in another one that issues. */
function issuedElsewhere(needles: Needles, issuing: RecordedAnswer[]): string[] {
  const births = new Map<string, number>();
  for (const { body } of issuing) for (const name of needles.in(body)) births.set(name, (births.get(name) ?? 0) + 1);
  return [...births].filter(([, times]) => times > 1).map(([name]) => name);
}

function messagesOf({ telegram, mail, webhook }: Awaited<ReturnType<typeof startReceivers>>): Stored[] {
  return [
    ...telegram.messages.map((message) => ({ where: 'Telegram', content: JSON.stringify(message) })),
    ...mail.received.map(({ raw }) => ({ where: 'mail', content: raw })),
    ...webhook.received.map((request) => ({ where: 'webhook', content: JSON.stringify(request) })),
  ];
}

/** The seal key was given to the ledger by its environment, and to nobody else. */
function processesOf(watch: ProcessWatch, ledgerPid: number): Stored[] {
  const programs = watch.processes.map(({ commandLine }) => commandLine);
  expect(programs.some((line) => line.includes('postgres'))).toBe(true);
  expect(programs.some((line) => line.includes('nats-server'))).toBe(true);
  return watch.processes.flatMap(({ pid, commandLine, environment }) => [
    { where: `command line ${commandLine}`, content: commandLine },
    ...(pid === ledgerPid ? [] : [{ where: `environment of ${commandLine}`, content: environment }]),
  ]);
}

/** As `kill -9` from outside: the ledger must start it again, and say so without its password. */
async function killPostgres(dataDir: string): Promise<void> {
  const file = join(locateCluster(join(dataDir, 'postgres')).cluster, 'postmaster.pid');
  const pid = () => Number(readFileSync(file, 'utf8').split('\n')[0]);
  const killed = pid();
  process.kill(killed, 'SIGKILL');
  await until(() => pid() > 0 && pid() !== killed, { describe: 'another PostgreSQL' });
}

function databaseUrl(dataDir: string): string {
  const { cluster } = locateCluster(join(dataDir, 'postgres'));
  const port = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[3];
  const password = readFileSync(join(dataDir, 'postgres', 'password'), 'utf8').trim();
  return `postgres://ledger:${password}@127.0.0.1:${port}/session_ledger`;
}

/** The `d` of every private JWK in a value. */
function privateParts(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === 'd' && typeof member === 'string' ? [member] : privateParts(member),
  );
}

/** A command and all that it prints, whether it works or not. */
async function run(dataDir: string, baseUrl: string, args: string[]): Promise<string> {
  const command = await startProcess(process.execPath, {
    args: [join(process.cwd(), 'apps', 'cli', 'bin', 'sledger.mjs'), ...args],
    env: { LEDGER_DATA_DIR: dataDir, LEDGER_BASE_URL: baseUrl },
  });
  command.child.stdin.end();
  await command.exited;
  return command.output;
}
