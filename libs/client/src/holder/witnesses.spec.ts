import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { rawPublicKeyOf, signCheckpoint } from '#libs/proof';
import { silentLog } from '../log.js';
import { Witnesses } from './witnesses.js';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const SIGNER = { origin: 'ledger.example/main', rawPublicKey: rawPublicKeyOf(publicKey), privateKey };

function note(size: number, fill = size % 256): string {
  return signCheckpoint({ size, root: Buffer.alloc(32, fill), time: '2026-11-21T10:00:00Z' }, SIGNER);
}

function day(number: number, hour = 12): Date {
  return new Date(Date.UTC(2026, 10, number, hour));
}

describe('the witnesses of a holder', () => {
  let path: string;
  let warnings: string[];
  let witnesses: Witnesses;
  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), 'witnesses-')), 'witnesses', 'default');
    warnings = [];
    const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
    witnesses = new Witnesses(path, log);
  });
  const file = (): string => readFileSync(path, 'utf8');

  it('are the largest checkpoint of each day, in a private file', async () => {
    await witnesses.keep(note(5), day(1, 8));
    await witnesses.keep(note(7), day(1, 20));
    expect(file()).toBe(`seen 2026-11-01T20:00:00.000Z\n${note(7)}`);
    await witnesses.keep(note(7), day(2));
    await witnesses.keep(note(9), day(4));
    expect(file()).toBe(
      `seen 2026-11-01T20:00:00.000Z\n${note(7)}\nseen 2026-11-02T12:00:00.000Z\n${note(7)}\nseen 2026-11-04T12:00:00.000Z\n${note(9)}`,
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('are not replaced by a shorter log, nor by another of the same length', async () => {
    await witnesses.keep(note(7), day(1, 8));
    await witnesses.keep(note(6), day(1, 9));
    await witnesses.keep(note(7, 99), day(1, 10));
    expect(file()).toBe(`seen 2026-11-01T08:00:00.000Z\n${note(7)}`);
    await witnesses.keep(note(6), day(2));
    expect(file()).toContain(note(7));
  });

  it('leave nothing of a writer behind that was killed', async () => {
    await witnesses.keep(note(1), day(1));
    writeFileSync(`${path}.4194305.0123456789ab.tmp`, 'half of');
    await witnesses.keep(note(2), day(1));
    expect(readdirSync(dirname(path))).toEqual(['default']);
  });

  it('go back 30 days with a receipt', async () => {
    for (let number = 1; number <= 35; number += 1) await witnesses.keep(note(number), day(number));
    expect(file().match(/^seen /gm)).toHaveLength(30);
    expect(file()).not.toContain(note(5));
    expect(file()).toContain(note(6));
    expect(file()).toContain(note(35));
  });

  it('are no other texts, nor any that could pass for lines of the file', async () => {
    const hostile = note(8).replace('time 2026', `${'seen x\n'.repeat(30)}time 2026`);
    for (const text of ['', 'hello', note(3).slice(0, 40), `${note(3)}${'x'.repeat(2_000)}`, hostile]) {
      await witnesses.keep(text, day(1));
    }
    expect(() => file()).toThrow('ENOENT');
    expect(warnings).toEqual([]);
  });

  it('that cannot be written are told once, and trouble nobody', async () => {
    await witnesses.keep(note(1), day(1));
    chmodSync(path, 0o644);
    await witnesses.keep(note(2), day(1));
    await witnesses.keep(note(3), day(1));
    expect(warnings).toEqual([expect.stringContaining('chmod 600')]);
    chmodSync(path, 0o600);
    await witnesses.keep(note(4), day(1));
    expect(file()).toContain(note(4));
  });
});
