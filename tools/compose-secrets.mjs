/** Makes the passwords that docker-compose.yml mounts: once, in a folder that only its owner can enter. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder = join(import.meta.dirname, '..', 'secrets')] = process.argv.slice(2);
if (existsSync(join(folder, 'ledger.env'))) {
  console.log(`${folder} is there already; nothing was changed. Remove it to start over with an empty database.`);
} else {
  const [database, bus, route] = [1, 2, 3].map(() => randomBytes(24).toString('base64url'));
  const nodes = ['nats-1', 'nats-2', 'nats-3'].map((host) => `nats://service:${bus}@${host}:4222`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The containers' users are not ours, so the files are readable; the folder is not.
  const write = (name, lines) => writeFileSync(join(folder, name), lines.join('\n'), { mode: 0o644 });
  write('postgres-password', [database]);
  write('ledger.env', [
    `DATABASE_URL=postgres://ledger:${database}@postgres:5432/session_ledger`,
    `NATS_URL=${nodes.join(',')}`,
    '',
  ]);
  write('nats-passwords.conf', [
    `SERVICE_PASSWORD: "${bus}"`,
    `ROUTE_PASSWORD: "${route}"`,
    ...[1, 2, 3].map((node) => `ROUTE_${node}: "nats://route:${route}@nats-${node}:6222"`),
    '',
  ]);
  console.log(`Wrote ${folder}. Next: docker compose up --build`);
}
