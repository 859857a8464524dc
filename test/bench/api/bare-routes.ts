import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { Database } from '#libs/database';
import { newId } from '#libs/platform';

/** What the api is measured against: Fastify alone, one durable insert of an event's size, one indexed select of a session. */
const [url = '', pool = '16'] = process.argv.slice(2);
const database = await Database.open({ url, applicationName: 'bare routes', poolSize: Number(pool) });
const payload = 'x'.repeat(1_200);
const server = fastify();

server.put('/insert', async () => {
  await database.prepared('bare.insert', 'insert into bench_row (id, payload) values ($1, $2)', [newId(), payload]);
  return { done: true };
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
