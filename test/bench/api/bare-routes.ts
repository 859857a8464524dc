import { generateKeyPairSync, randomInt, sign } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { Database } from '#libs/database';
import { newId } from '#libs/platform';
import { BARE_HEADS } from './bare-tables.js';

/**
 * What the api is measured against: Fastify alone, one durable insert of an event's size, one indexed select of a session;
 * and what any renewal has to do: the insert with a signature, and a read, a signature and the write of head and event.
 */
const [url = '', pool = '16'] = process.argv.slice(2);
const database = await Database.open({ url, applicationName: 'bare routes', poolSize: Number(pool) });
const ISSUER = 'http://127.0.0.1:3100';
const payload = 'x'.repeat(1_200);
const { privateKey } = generateKeyPairSync('ed25519');
const header = base64url(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid: 'bench' }));
const server = fastify();

server.put('/insert', async () => {
  await insert(newId());
  return { done: true };
});
server.put('/insert-and-sign', async () => {
  const id = newId();
  const access_token = tokenOf(id);
  await insert(id);
  return { access_token };
});
server.put('/bare-renewal', async () => {
  const id = newId();
  const head = randomInt(BARE_HEADS) + 1;
  await database.prepared('bare.read', 'select * from bench_head where id = $1', [head]);
  const access_token = tokenOf(id);
  const text = `with head as (update bench_head set at = now() where id = $1)
    insert into bench_row (id, payload) values ($2, $3)`;
  await database.prepared('bare.write', text, [head, id, payload]);
  return { access_token };
});
server.get<{ Params: { id: string } }>('/select/:id', async ({ params }) => {
  const [row] = await database.prepared('bare.select', 'select * from ledger.session_head where session_id = $1', [
    params.id,
  ]);
  return row;
});

await server.listen({ host: '127.0.0.1', port: 0 });
const { port } = server.server.address() as AddressInfo;
process.stdout.write(`bare routes at http://127.0.0.1:${port} ready\n`);

function insert(id: string): Promise<unknown> {
  return database.prepared('bare.insert', 'insert into bench_row (id, payload) values ($1, $2)', [id, payload]);
}

/** A token of the size of ours. */
function tokenOf(jti: string): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: [ISSUER], sub: jti, client_id: jti, sid: jti, jti, gen: 1, iat, exp: iat + 3600 };
  const signed = `${header}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
