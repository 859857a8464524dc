import { LOCKS } from '#libs/database';
import { type CommandDeps } from '../command-deps.js';
import { secondsOf } from '../new-events.js';

/** Makes the first signing key where there is none; of several instances that start together one makes it. */
export async function ensureSigningKey({
  database,
  heads,
  keys,
}: Pick<CommandDeps, 'database' | 'heads' | 'keys'>): Promise<void> {
  if (await hasSigner(keys)) return;
  await database.transaction(async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LOCKS.signingKeys]);
    if (await hasSigner(keys)) return;
    const now = secondsOf(await heads.now());
    const { kid } = await keys.add(now);
    await keys.activate(kid, now);
  });
}

async function hasSigner(keys: CommandDeps['keys']): Promise<boolean> {
  return (await keys.list()).some((key) => key.signsFrom !== null && key.revokedAt === null);
}
