import { sessionStream } from '#libs/contracts';
import type { Database } from '#libs/database';
import { renewal, sessionHead, type Sessions } from './sessions.js';
import type { Rung } from './rung.js';

/** The same tables and indexes as the ledger's, without its triggers, and a table with one index. */
export const BASELINE_TABLES = `
  create schema baseline;
  create table baseline.event (like ledger.event including all);
  create table baseline.stream (like ledger.stream including all);
  create table baseline.session_head (like ledger.session_head including all);
  create table baseline.plain (id bigint generated always as identity primary key, stream_id text, payload text);
  insert into baseline.event overriding user value select * from ledger.event;
  insert into baseline.stream select * from ledger.stream;
  insert into baseline.session_head select * from ledger.session_head;
  grant usage on schema baseline to session_ledger_app;
  grant select, insert, update on all tables in schema baseline to session_ledger_app`;

const L1 = `
  with e as (
    insert into baseline.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at, actor, request_id,
                                payload, leaf)
    values (1, $1, $2, $3, $4, 1, now(), $5, $6, $7, $8)
  ), s as (
    update baseline.stream set version = $2, head = $8, occurred_micros = $9 where stream_id = $1
  )
  update baseline.session_head set status = $10, version = $2, generation = $11, token_header = $12, token_payload = $13,
    token_hash = $14, issued_at = $15, expires_at = $16, renewal_count = $11, reject_window_ends_at = $17,
    previous_token_accepted = $18, expiring_soon_announced = $19, overdue_generation = $20, due_at = $21
  where session_id = $22`;

/** L0: one row, one index, one durable commit. */
export function plainInsert(database: Database, sessions: Sessions, name = 'L0'): Rung {
  return {
    name,
    write(slot) {
      const { sessionId, version } = sessions.take(slot);
      const payload = JSON.stringify(renewal(sessionHead(sessionId, version)).data);
      const text = 'insert into baseline.plain (stream_id, payload) values ($1, $2)';
      return database.prepared('baseline.plain', text, [sessionStream(sessionId), payload]);
    },
  };
}

/** L1: the rows and indexes of a full append in one statement, without lock, check or hash. */
export function rowsWithoutLogic(database: Database, sessions: Sessions): Rung {
  const leaf = Buffer.alloc(32, 1);
  return {
    name: 'L1',
    write(slot) {
      const { sessionId, version } = sessions.take(slot);
      const head = sessionHead(sessionId, version);
      const { id, type, data, time } = renewal(head);
      return database.prepared('baseline.rows', L1, [
        sessionStream(sessionId),
        version,
        id,
        type,
        'agent:00000000-0000-7000-8000-000000000001',
        'benchmark',
        JSON.stringify(data),
        leaf,
        time * 1000,
        head.status,
        head.generation,
        head.tokenHeader,
        head.tokenPayload,
        head.tokenHash,
        head.issuedAt,
        head.expiresAt,
        head.rejectWindowEndsAt,
        head.previousTokenAccepted,
        head.expiringSoonAnnounced,
        head.overdueGeneration,
        head.dueAt,
        sessionId,
      ]);
    },
  };
}
