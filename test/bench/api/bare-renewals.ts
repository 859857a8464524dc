import { generateKeyPairSync, randomInt, sign } from 'node:crypto';
import type { Database } from '#libs/database';
import { newId } from '#libs/platform';
import { BARE_HEADS } from './bare-tables.js';

/** As many reads, and as many writes, at once as the api's. */
const AT_ONCE = 2;
const MOST = 32;

const ISSUER = 'http://127.0.0.1:3100';
const HEADER = base64url(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid: 'bench' }));
const { privateKey } = generateKeyPairSync('ed25519');

interface Written {
  id: string;
  head: number;
  payload: string;
}

/** What any renewal has to do: one read, one signature, one write of head and event. Answers the token. */
export function bareRenewal(database: Database, payload: string): () => Promise<string> {
  return async () => {
    const id = newId();
    const head = anyHead();
    await database.prepared('bare.read', 'select * from bench_head where id = $1', [head]);
    const token = tokenOf(id);
    const text = `with head as (update bench_head set at = now() where id = $1)
      insert into bench_row (id, payload) values ($2, $3)`;
    await database.prepared('bare.write', text, [head, id, payload]);
    return token;
  };
}

/** The same, but what comes in at once shares a statement, as in the api. */
export function bareRenewalTogether(database: Database, payload: string): () => Promise<string> {
  const read = together<number>((heads) => {
    const text = `select found.* from unnest((select $1::int[])) as asked (id) cross join lateral (
      select to_json(h) as head from bench_head h where h.id = asked.id offset 0) found`;
    return database.prepared('bare.reads', text, [heads]);
  });
  const write = together<Written>((rows) => {
    const text = `with head as (update bench_head h set at = now() from unnest($1::int[]) as asked (id) where h.id = asked.id)
      insert into bench_row (id, payload) select * from unnest($2::uuid[], $3::text[])`;
    // In the same order everywhere: none waits for another in a circle.
    const heads = rows.map(({ head }) => head).sort((a, b) => a - b);
    return database.prepared('bare.writes', text, [heads, rows.map(({ id }) => id), rows.map((row) => row.payload)]);
  });
  return async () => {
    const id = newId();
    const head = anyHead();
    await read(head);
    const token = tokenOf(id);
    await write({ id, head, payload });
    return token;
  };
}

/** A token of the size of ours. */
export function tokenOf(jti: string): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: [ISSUER], sub: jti, client_id: jti, sid: jti, jti, gen: 1, iat, exp: iat + 3600 };
  const signed = `${HEADER}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

/** Those of one turn of the event loop, or that wait while others are under way, go together. */
function together<T>(work: (batch: T[]) => Promise<unknown>): (one: T) => Promise<void> {
  let waiting: { one: T; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let underWay = 0;
  const send = () => {
    while (waiting.length > 0 && underWay < AT_ONCE) {
      const batch = waiting.slice(0, MOST);
      waiting = waiting.slice(MOST);
      underWay += 1;
      work(batch.map(({ one }) => one))
        .then(
          () => batch.forEach(({ resolve }) => resolve()),
          (error: unknown) => batch.forEach(({ reject }) => reject(error)),
        )
        .finally(() => {
          underWay -= 1;
          send();
        });
    }
  };
  return (one) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ one, resolve, reject }) === 1) setImmediate(send);
    });
}

function anyHead(): number {
  return randomInt(BARE_HEADS) + 1;
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
