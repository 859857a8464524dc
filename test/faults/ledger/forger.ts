import pg from 'pg';
import type { SessionHead } from '#libs/ledger';
import { EMPTY_STREAM_HEAD, leafHash, nextStreamHead, rootOf } from '#libs/proof';

/** An event as it lies in the database. */
export interface ForgedEvent {
  streamId: string;
  version: number;
  id: string;
  type: string;
  schemaVersion: number;
  micros: string;
  actor: string;
  requestId: string;
  payload: string;
}

export interface ForgedCheckpoint {
  size: number;
  root: Buffer;
  signed_at: Date;
  note: string;
}

const WIDTH = 256;
const READ = `
  select v.stream_id as "streamId", v.version, v.event_id::text as id, v.type, v.schema_version as "schemaVersion",
    (extract(epoch from v.occurred_at) * 1000000)::bigint::text as micros, v.actor, v.request_id as "requestId", v.payload
  from ledger.entry e join ledger.event v using (stream_id, version) order by e.position`;
const WRITE = `
  insert into ledger.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at, actor, request_id, payload, leaf)
  select (select epoch from ledger.log), stream_id, version, id, type, schema_version,
    'epoch'::timestamptz + micros * interval '1 microsecond', actor, request_id, payload, leaf
  from unnest($1::text[], $2::bigint[], $3::uuid[], $4::text[], $5::smallint[], $6::bigint[], $7::text[], $8::text[],
              $9::text[], $10::bytea[]) with ordinality
    as t (stream_id, version, id, type, schema_version, micros, actor, request_id, payload, leaf, n)
  order by n`;
const PLACE = `
  insert into ledger.entry (log, position, stream_id, version, leaf)
  select 'main', row_number() over (order by seq), stream_id, version, leaf from ledger.event`;

/**
 * Somebody with all rights over the database, who knows how it works: triggers off, and after every change positions,
 * versions, leaves, heads and the tree are made to fit. Out of reach are only the signing key and what others keep.
 */
export class Forger implements AsyncDisposable {
  private constructor(private readonly client: pg.Client) {}

  static async break(databaseUrl: string): Promise<Forger> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('set session_replication_role = replica');
    return new Forger(client);
  }

  async log(): Promise<ForgedEvent[]> {
    return (await this.client.query<ForgedEvent>(READ)).rows;
  }

  async checkpoints(): Promise<ForgedCheckpoint[]> {
    const text = 'select size, root, signed_at, note from ledger.checkpoint order by size';
    return (await this.client.query<ForgedCheckpoint>(text)).rows;
  }

  /** Makes these events the whole log. */
  async rewrite(events: readonly ForgedEvent[]): Promise<void> {
    await this.client.query('begin');
    try {
      await this.write(events);
      await this.client.query('commit');
    } catch (error) {
      await this.client.query('rollback');
      throw error;
    }
  }

  private async write(events: readonly ForgedEvent[]): Promise<void> {
    const fitted = refit(events);
    const leaves = leavesOf(fitted);
    for (const table of ['entry', 'event', 'stream', 'subtree']) await this.client.query(`delete from ledger.${table}`);
    await this.client.query(WRITE, [
      fitted.map(({ streamId }) => streamId),
      fitted.map(({ version }) => version),
      fitted.map(({ id }) => id),
      fitted.map(({ type }) => type),
      fitted.map(({ schemaVersion }) => schemaVersion),
      fitted.map(({ micros }) => micros),
      fitted.map(({ actor }) => actor),
      fitted.map(({ requestId }) => requestId),
      fitted.map(({ payload }) => payload),
      leaves,
    ]);
    await this.client.query(PLACE);
    await this.writeStreams(fitted, leaves);
    for (let index = 0; (index + 1) * WIDTH <= leaves.length; index += 1) {
      const hash = rootOf(leaves.slice(index * WIDTH, (index + 1) * WIDTH));
      await this.client.query(`insert into ledger.subtree values ('main', 1, $1, $2)`, [index, hash]);
    }
    await this.client.query(
      `update ledger.sequencer set (epoch, txid, seq, position) =
         (select epoch, txid, seq, $1::bigint from ledger.event order by seq desc limit 1)`,
      [fitted.length],
    );
  }

  async replaceCheckpoints(checkpoints: readonly ForgedCheckpoint[]): Promise<void> {
    await this.client.query('delete from ledger.checkpoint');
    for (const { size, root, signed_at: signedAt, note } of checkpoints) {
      await this.client.query('insert into ledger.checkpoint values ($1, $2, $3, $4, $5)', [
        'main',
        size,
        root,
        signedAt,
        note,
      ]);
    }
  }

  /** Every column of a session's head, to be put back later. */
  async sessionHead(sessionId: SessionHead['sessionId']): Promise<unknown> {
    const text = 'select to_jsonb(h) as head from ledger.session_head h where session_id = $1';
    return (await this.client.query<{ head: unknown }>(text, [sessionId])).rows[0]?.head;
  }

  async putSessionHead(sessionId: string, head: unknown): Promise<void> {
    await this.client.query('delete from ledger.session_head where session_id = $1', [sessionId]);
    await this.client.query(
      'insert into ledger.session_head select * from jsonb_populate_record(null::ledger.session_head, $1)',
      [JSON.stringify(head)],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end();
  }

  private async writeStreams(events: readonly ForgedEvent[], leaves: readonly Buffer[]): Promise<void> {
    const streams = new Map<string, { version: number; head: Buffer; micros: string }>();
    events.forEach(({ streamId, version, micros }, index) => {
      const before = streams.get(streamId)?.head ?? EMPTY_STREAM_HEAD;
      streams.set(streamId, { version, head: nextStreamHead(before, leaves[index] as Buffer), micros });
    });
    for (const [streamId, { version, head, micros }] of streams) {
      await this.client.query('insert into ledger.stream values ($1, $2, $3, $4)', [streamId, version, head, micros]);
    }
  }
}

/** Versions follow one another again. */
function refit(events: readonly ForgedEvent[]): ForgedEvent[] {
  const versions = new Map<string, number>();
  return events.map((event) => {
    const version = (versions.get(event.streamId) ?? 0) + 1;
    versions.set(event.streamId, version);
    return { ...event, version };
  });
}

export function leavesOf(events: readonly ForgedEvent[]): Buffer[] {
  return events.map(({ micros, ...event }) => leafHash({ ...event, micros: BigInt(micros) }));
}
