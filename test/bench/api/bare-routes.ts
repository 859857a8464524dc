import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { Database } from '#libs/database';
import { newId } from '#libs/platform';
import { bareRenewal, bareRenewalTogether, tokenOf } from './bare-renewals.js';

/** What the api is measured against: Fastify alone, one durable insert of an event's size, one indexed select of a session, and what any renewal has to do. */
const [url = '', pool = '16'] = process.argv.slice(2);
const database = await Database.open({ url, applicationName: 'bare routes', poolSize: Number(pool) });
const payload = 'x'.repeat(1_200);
const renew = bareRenewal(database, payload);
const renewTogether = bareRenewalTogether(database, payload);
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
server.put('/renew', async () => ({ access_token: await renew() }));
server.put('/renew-together', async () => ({ access_token: await renewTogether() }));
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
