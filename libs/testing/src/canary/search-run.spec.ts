import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK } from 'jose';
import { holdsSecrets } from '../run-record/run-record.js';
import { searchRun, type Finding } from './search-run.js';

const CHUNK = 16 * 1024 * 1024;
const apiKey = `sl_key_${randomBytes(32).toString('base64url')}`;
const { privateKey } = generateKeyPairSync('ed25519');
const header = base64url({ alg: 'EdDSA', typ: 'at+jwt', kid: 'a' });
const claims = base64url({ iss: 'http://127.0.0.1', sub: 'agent' });
const token = `${header}.${claims}.${sign(null, Buffer.from(`${header}.${claims}`), privateKey).toString('base64url')}`;

let runDir: string;

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'search-run-'));
  holdsSecrets(runDir, 'what is to be found');
});

describe('the search of all that a run has left', () => {
  it('finds nothing in a run without a leak', () => {
    leave('api/owner-key', randomBytes(32).toString('base64url'));
    leave('api/mcp-token', `sl_sess_${token}`);
    leave('home/t', `sl_sess_${token}`, 0o600);
    leave('record/dumps/a', `${header} ${claims} sl_sess_ sl_key_ whsec_`);
    leave('postgres/cluster/base/5/1', token);
    expect(found()).toEqual([]);
  });

  it('finds a token, an API key, a webhook secret, a bot token and a private key that nobody has told it of', async () => {
    leave('record/output/1', `Bearer sl_sess_${token}\n`);
    leave('record/logs/api', `{"key":"${apiKey}"}`);
    leave('record/messages/mail', `whsec_${randomBytes(32).toString('base64')}`);
    leave('record/answers/1', `https://api.telegram.org/bot7000000001:${'A'.repeat(35)}/sendMessage`);
    leave('nats-1/jetstream/1.blk', JSON.stringify(JSON.stringify(await exportJWK(privateKey))));
    leave('tmp/x/nats-server.log', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(found().map(({ secret, where }) => [where, secret])).toEqual([
      ['nats-1/jetstream/1.blk', 'a private key (JWK)'],
      ['record/answers/1', 'a bot token'],
      ['record/logs/api', 'an API key'],
      ['record/messages/mail', 'a webhook secret'],
      ['record/output/1', 'a whole signed token'],
      ['tmp/x/nats-server.log', 'a private key (PEM)'],
    ]);
  });

  it.each(['owner-key', 'keys/seal.key', 'nats/password', 'holders/second.json'])(
    'finds what %s holds under any form in another file, at its byte, without repeating it',
    (path) => {
      const secret = randomBytes(32).toString('base64url');
      leave(`api/${path}`, path.endsWith('.json') ? JSON.stringify({ keys: { d: secret } }) : `${secret}\n`);
      leave('record/dumps/a', `0123456789 ${Buffer.from(secret).toString('hex')} ${encodeURIComponent(secret)}`);
      const findings = found();
      expect(findings).toEqual([
        { secret: expect.stringContaining(path), where: 'record/dumps/a', offset: 11, spec: '' },
      ]);
      expect(JSON.stringify(findings)).not.toContain(secret);
    },
  );

  it('finds a registered secret', () => {
    leave('record/secrets/1', JSON.stringify({ name: 'the SMTP password', value: 'a long and secret word' }));
    leave('postgres/cluster/base/16384/1', Buffer.concat([Buffer.alloc(8192), Buffer.from('a long and secret word')]));
    const where = 'postgres/cluster/base/16384/1';
    expect(found()).toEqual([{ secret: 'the SMTP password', where, offset: 8192, spec: '' }]);
  });

  it('finds a secret across the border of two chunks of a large file', () => {
    const content = Buffer.alloc(CHUNK + 1_000, '.');
    content.write(apiKey, CHUNK - 20);
    leave('postgres/cluster/pg_wal/1', content);
    expect(found()).toMatchObject([{ secret: 'an API key', where: 'postgres/cluster/pg_wal/1', offset: CHUNK - 20 }]);
  });

  it('names the spec: of a record, of a process that it started and of that one’s children; of other files those that ran', () => {
    leave('record/specs/10', '1000 a.spec.ts\n2000 b.spec.ts\n');
    leave('record/specs/11', '1500 c.spec.ts\n');
    leave('record/output/20.10.1200.1', apiKey);
    leave('record/answers/answers.20.1300.0', apiKey);
    leave('record/answers/answers.21.2500.0', apiKey);
    leave('record/specs/12', '1000000002000 d.spec.ts\n1000000003000 e.spec.ts\n');
    const head = (at: string) => `\n\n== ${at} GET /v1/x\n`;
    leave('record/answers/answers.12.1000.0', `${head('1000000002500')}fine${head('1000000003500')}${apiKey}`);
    leave('record/logs/api.10.2100.0', apiKey);
    leave('record/dumps/test_1.11.1600.3', apiKey);
    leave('tmp/x/log', apiKey);
    utimesSync(join(runDir, 'tmp/x/log'), 1.9, 1.9);
    const processes = [
      { pid: 21, parent: 20, commandLine: 'node', environment: '' },
      { pid: 22, parent: 21, commandLine: `node\0${apiKey}`, environment: '' },
    ];
    const { findings } = searchRun(runDir, processes);
    expect(Object.fromEntries(findings.map(({ where, spec }) => [where, spec]))).toEqual({
      'record/output/20.10.1200.1': 'a.spec.ts',
      'record/answers/answers.20.1300.0': 'a.spec.ts',
      'record/answers/answers.21.2500.0': 'b.spec.ts',
      'record/answers/answers.12.1000.0': 'e.spec.ts',
      'record/logs/api.10.2100.0': 'b.spec.ts',
      'record/dumps/test_1.11.1600.3': 'c.spec.ts',
      'tmp/x/log': 'a.spec.ts or c.spec.ts',
      'command line of node (pid 22)': 'b.spec.ts',
    });
  });

  it('passes over what a test has marked, for a reason of the list only', () => {
    leave('record/output/1', token);
    leave('record/output/11', token);
    leave('record/marks/1', JSON.stringify({ path: join(runDir, 'record/output/1'), why: 'shown once' }));
    expect(found().map(({ where }) => where)).toEqual(['record/output/11']);
    leave('record/marks/2', JSON.stringify({ path: join(runDir, 'record/output/11'), why: 'it is fine' }));
    expect(() => searchRun(runDir)).toThrow(/not in the list/);
  });

  it('finds a secret in a command line, in an environment that no test gave, and in one of a database server', () => {
    leave('record/specs/10', '1000 a.spec.ts\n');
    const given = `LEDGER_TOKEN=${token}`;
    const processes = [
      { pid: 100, parent: 10, commandLine: 'node\0main.js', environment: `PATH=/bin\0${given}` },
      { pid: 101, parent: 100, commandLine: 'node\0child.js', environment: given },
      { pid: 102, parent: 100, commandLine: '/x/bin/postgres\0-D', environment: given },
      { pid: 103, parent: 100, commandLine: 'node\0worker.js', environment: `KEY=${apiKey}` },
      { pid: 104, parent: 100, commandLine: `node\0--key\0${apiKey}`, environment: '' },
    ];
    expect(searchRun(runDir, processes).findings.map(({ secret, where }) => [secret, where])).toEqual([
      ['a whole signed token', 'environment of /x/bin/postgres (pid 102)'],
      ['an API key', 'environment of node (pid 103)'],
      ['an API key', 'command line of node (pid 104)'],
    ]);
  });
});

function leave(path: string, content: string | Buffer, mode = 0o644): void {
  const file = join(runDir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode });
}

function found(): Finding[] {
  return searchRun(runDir).findings.sort((left, right) => (left.where < right.where ? -1 : 1));
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
