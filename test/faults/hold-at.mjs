// Preloaded into a process: lets it run up to one point of writing the token file and holds it there for ever, so that
// the test can kill it from outside. The point is named by HOLD_AT; HOLD_SIGN is a file that says "arrived".
import fs, { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname } from 'node:path';

const point = process.env.HOLD_AT;
const sign = process.env.HOLD_SIGN;
const isToken = (path) =>
  basename(dirname(String(path))) !== 'witnesses' &&
  /^(mcp-token|[^.]+)(\.\d+\.[0-9a-f]+\.tmp)?$/.test(basename(String(path)));

function arrive() {
  writeFileSync(sign, point);
  return new Promise(() => setInterval(() => undefined, 1000));
}

const { open, rename } = fs.promises;
fs.promises.open = async (path, ...rest) => {
  if (!String(path).endsWith('.tmp') || !isToken(path)) return open(path, ...rest);
  if (point === 'before-temporary') await arrive();
  const file = await open(path, ...rest);
  const { writeFile, sync } = file;
  file.writeFile = async (text, ...options) => {
    if (point === 'empty-temporary') await arrive();
    if (point === 'half-temporary') {
      await writeFile.call(file, String(text).slice(0, 40), ...options);
      await arrive();
    }
    if (point === 'disk-full') throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    return writeFile.call(file, text, ...options);
  };
  file.sync = async () => {
    if (point === 'before-sync') await arrive();
    return sync.call(file);
  };
  return file;
};
fs.promises.rename = async (from, to) => {
  if (!isToken(to) || !String(from).endsWith('.tmp')) return rename(from, to);
  if (point === 'before-rename') await arrive();
  await rename(from, to);
  if (point === 'after-rename') await arrive();
};
syncBuiltinESMExports();
