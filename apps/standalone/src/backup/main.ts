import { resolve } from 'node:path';
import { loadConfig } from '#libs/platform';
import { backupDataDir, restoreDataDir } from './backup-data-dir.js';

/** `backup|restore <folder> [json]`, on the data directory of the configuration. */
const [action, folder = '', format] = process.argv.slice(2);
try {
  const { dataDir } = loadConfig(process.env);
  const path = resolve(folder);
  const manifest = action === 'restore' ? await restoreDataDir(path, dataDir) : await backupDataDir(dataDir, path);
  const files = Object.keys(manifest.files).length;
  const text =
    action === 'restore'
      ? `Restored the backup of ${manifest.madeAt} (${files} files) to ${dataDir}. Start it: sledger start`
      : `${files} files are in ${path}. It holds every key and secret of the ledger: keep it as safe as the ledger itself.`;
  const json = JSON.stringify({ folder: path, dataDir, madeAt: manifest.madeAt, files }, null, 2);
  process.stdout.write(`${format === 'json' ? json : text}\n`);
} catch (error) {
  process.stderr.write(`sledger: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
