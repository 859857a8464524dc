import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { toCloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { readRecorded } from '#libs/ledger';
import { Frontier, rawPublicKeyOf, signCheckpoint, verifierKey, type VerifyReport } from '#libs/proof';

const BIN = join(process.cwd(), 'apps', 'cli', 'bin', 'sledger.mjs');
const ORIGIN = 'benchmark/log/main';
const BATCH = 1_000;
/** As the server's own export: no more than its newest checkpoints. */
const CHECKPOINTS = 1_000;
const SIGNED_AT = '2026-11-21T00:00:00Z';

const run = promisify(execFile);

export interface ExportOptions {
  file: string;
  /** Of the envelopes. */
  source: string;
  onProgress: (done: number) => void;
}

/** The whole log with a checkpoint at every thousand events, signed by a key of its own. */
export function writeExport(database: Database, { file, source, onProgress }: ExportOptions): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const signer = { origin: ORIGIN, rawPublicKey: rawPublicKeyOf(publicKey), privateKey };
  async function* lines() {
    yield line({ format: 'session-ledger-log.v1', keys: [verifierKey(ORIGIN, signer.rawPublicKey)] });
    const tree = new Frontier();
    const checkpoints: string[] = [];
    for (let position = 0; ;) {
      const events = await readRecorded(database, position, BATCH);
      const last = events.at(-1);
      if (!last) break;
      for (const { leaf } of events) tree.push(Buffer.from(leaf, 'hex'));
      checkpoints.push(signCheckpoint({ size: tree.size, root: tree.root(), time: SIGNED_AT }, signer));
      yield events.map((event) => line(toCloudEvent(event, source))).join('');
      position = last.position;
      onProgress(position);
    }
    yield checkpoints
      .slice(-CHECKPOINTS)
      .map((checkpoint) => line({ checkpoint }))
      .join('');
  }
  return pipeline(lines, createWriteStream(file));
}

const line = (value: object) => `${JSON.stringify(value)}\n`;

/** The real command in a process of its own, from its start to its verdict; gives the number of events. */
export async function verifyByCommand(file: string): Promise<number> {
  const args = [BIN, 'audit', 'verify', file, '--output', 'json'];
  // A verdict against the log comes with an exit code of its own.
  const { stdout } = await run(process.execPath, args).catch((error: { stdout: string }) => error);
  const { ok, events, proven, findings } = JSON.parse(stdout) as VerifyReport;
  if (!ok || proven !== events)
    throw new Error(`the benchmark's own log does not verify: ${findings[0]?.message ?? `proven up to ${proven}`}`);
  return events;
}
