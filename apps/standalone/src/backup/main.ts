import { resolve } from 'node:path';
import { loadConfig } from '#libs/platform';
import { backupDataDir, restoreDataDir } from './backup-data-dir.js';

/** `backup|restore <folder>`, on the data directory of the configuration. Answer and refusal are JSON, for `sledger`. */
const [action, folder = ''] = process.argv.slice(2);
try {
  const { dataDir } = loadConfig(process.env);
  const path = resolve(folder);
  const manifest = action === 'restore' ? await restoreDataDir(path, dataDir) : await backupDataDir(dataDir, path);
  const files = Object.keys(manifest.files).length;
  process.stdout.write(`${JSON.stringify({ folder: path, dataDir, madeAt: manifest.madeAt, files })}\n`);
} catch (error) {
  process.stderr.write(`${JSON.stringify({ error: (error as Error).message })}\n`);
  process.exitCode = 1;
}
