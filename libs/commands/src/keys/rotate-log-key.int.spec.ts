import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { Database } from '#libs/database';
import { createLedger, LogKeys, logOrigin } from '#libs/ledger';
import { createTestDatabase, until } from '#libs/testing';
import { KeyRing, SecretBox } from '#libs/tokens';
import { commandDeps } from '../command-deps.js';
import { rotateLogKey } from './rotate-log-key.js';

const ISSUER = 'https://ledger.example';
const SETTINGS = {
  defaults: { expiresIn: 600, maxRenewals: 3, renewalRejectWindow: 60 },
  limits: { minTtl: 60, minLifetime: 60, absoluteLifetime: 6_000 },
  previousTokenGrace: 0,
};

it('follows the first key of a new log, which its leader makes at the same moment', async () => {
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'rotate log key', poolSize: 8 });
  const sealer = SecretBox.open({ base64: randomBytes(32).toString('base64') });
  const deps = commandDeps({
    database,
    ledger: createLedger(database),
    keys: new KeyRing(database, sealer),
    config: { ...SETTINGS, issuer: ISSUER },
  });
  // Whoever wants to write a key waits: both have seen that there is none.
  const holder = await database.connect();
  await holder.query('begin');
  await holder.query('set local role none; set local idle_in_transaction_session_timeout = 0');
  await holder.query('lock table ledger.log_key in exclusive mode');
  const first = new LogKeys(database).signer(sealer, logOrigin(ISSUER));
  const rotation = rotateLogKey(deps, { sealer, issuer: ISSUER }, { actor: 'owner', requestId: 'r' });
  const waiting = "select count(*)::int as n from pg_locks where relation = 'ledger.log_key'::regclass and not granted";
  await until(async () => (await database.query<{ n: number }>(waiting))[0]?.n === 2, {
    describe: 'both to wait for the table',
  });
  await holder.query('commit');
  holder.release();

  const { keyId } = await first;
  const { keyId: next, previousKeyId } = await rotation;
  const rows = await database.query<{ key_id: string; current: boolean }>(
    'select key_id, retired_at is null as current from ledger.log_key',
  );
  expect(previousKeyId).not.toBeNull();
  expect(new Set(rows.map(({ key_id }) => key_id))).toEqual(new Set([previousKeyId, next]));
  expect(rows.filter(({ current }) => current)).toEqual([{ key_id: next, current: true }]);
  expect([previousKeyId, next]).toContain(keyId);
});
