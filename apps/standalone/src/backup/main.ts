import { join, resolve } from 'node:path';
import { type Config, loadConfig } from '#libs/platform';
import { backupDataDir, restoreDataDir } from './backup-data-dir.js';

/** `backup|restore <folder>`, on the data directory of the configuration. Answer and refusal are JSON, for `sledger`. */
const [action, folder = ''] = process.argv.slice(2);
try {
  const config = loadConfig(process.env);
  const { dataDir } = config;
  const path = resolve(folder);
  const manifest = action === 'restore' ? await restoreDataDir(path, dataDir) : await backupDataDir(dataDir, path);
  const files = Object.keys(manifest.files).length;
  const warning = keyElsewhere(config);
  const answer = { folder: path, dataDir, madeAt: manifest.madeAt, files, ...(warning !== null && { warning }) };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
} catch (error) {
  process.stderr.write(`${JSON.stringify({ error: (error as Error).message })}\n`);
  process.exitCode = 1;
}

/** A sealing key that the owner keeps apart is in no backup, and nothing can be opened without it. */
function keyElsewhere({ dataDir, sealKey }: Config): string | null {
  if ('file' in sealKey && sealKey.file === join(dataDir, 'keys', 'seal.key')) return null;
  const where = 'file' in sealKey ? `the file ${sealKey.file}` : 'LEDGER_SEAL_KEY';
  return `The key that seals the secrets is not in the backup, but in ${where}: without it every session ends.`;
}
