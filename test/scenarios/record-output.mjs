// Stands between an official client and the MCP process: hands every byte on, and keeps a copy of stdout and stderr in two files.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';

const [folder, ...command] = process.argv.slice(2);
const child = spawn(process.execPath, command, { stdio: ['inherit', 'pipe', 'pipe'] });
for (const name of ['stdout', 'stderr']) {
  child[name].pipe(createWriteStream(`${folder}/${name}`));
  child[name].pipe(process[name]);
}
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('close', (code) => (process.exitCode = code ?? 1));
