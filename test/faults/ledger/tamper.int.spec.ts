import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import {
  exportedEventOf,
  logExportLine,
  type AuditState,
  type CheckpointList,
  type ConsistencyProof,
  type InclusionProof,
} from '#libs/contracts';
import {
  LogVerifier,
  openCheckpoint,
  parseVerifierKey,
  verifyConsistency,
  verifyInclusion,
  type VerifyReport,
} from '#libs/proof';
import { until } from '#libs/testing';
import { RunningApi } from '../../api/running-api.js';

let running: RunningApi;
let superuser: pg.Client;
let sessionIds: string[];
/** What an auditor keeps: out of the operator's reach. */
let key: string;
let witness: string;

const get = async <T>(path: string): Promise<T> => (await running.call<T>('GET', path, running.ownerHeaders)).body;

beforeAll(async () => {
  running = await RunningApi.start();
  const agent = await running.owner.createAgent({ name: 'courier' });
  const sessions = [];
  for (let round = 0; round < 12; round += 1) {
    sessions.push(await running.owner.createSession({ agentId: agent.id, supersede: false }));
  }
  sessionIds = sessions.map(({ id }) => id);
  await running.call('DELETE', `/v1/sessions/${sessionIds[0]}`, running.ownerHeaders, { reason: 'test' });
  const list = await until(
    async () => {
      const found = await get<CheckpointList>('/v1/audit/checkpoints');
      return (found.items[0]?.size ?? 0) >= 14 ? found : null;
    },
    { describe: 'a checkpoint over all' },
  );
  key = list.keys[0] as string;
  witness = list.items[0]?.note as string;
  superuser = new pg.Client({ connectionString: running.database.url });
  await superuser.connect();
});

afterAll(async () => {
  await superuser?.end();
  await running?.[Symbol.asyncDispose]();
});

/** As `sledger audit verify` does, from the file alone. */
async function verifyExport(witnesses: string[] = []): Promise<VerifyReport> {
  const verifier = new LogVerifier([parseVerifierKey(key)]);
  const checkpoints: string[] = [];
  const file = await (await fetch(`${running.url}/v1/audit/log`, { headers: running.ownerHeaders })).text();
  for (const text of file.trimEnd().split('\n')) {
    const line = logExportLine.parse(JSON.parse(text));
    if ('specversion' in line) verifier.add(exportedEventOf(line));
    else if ('checkpoint' in line) checkpoints.push(line.checkpoint);
  }
  return verifier.finish({ checkpoints, witnesses });
}

/** Triggers off, then every leaf, entry and stream head made to fit the changed events. */
async function tamper(statement: string, values: unknown[]): Promise<void> {
  await superuser.query('begin');
  await superuser.query('set local session_replication_role = replica');
  await superuser.query(statement, values);
  await superuser.query(`
    update ledger.event set leaf = ledger.leaf(stream_id, version, event_id, type, schema_version,
      (extract(epoch from occurred_at) * 1000000)::bigint, actor, request_id, payload)`);
  await superuser.query(`
    update ledger.entry e set leaf = v.leaf from ledger.event v
    where v.stream_id = e.stream_id and v.version = e.version`);
  await superuser.query('commit');
}

describe('the log of a running service', () => {
  it('is found good from its export, the key and a witness', async () => {
    const report = await verifyExport([witness]);
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect(report.witnessed).toBeGreaterThanOrEqual(14);
  });

  it('proves over HTTP that an event is in it, and that it only grew', async () => {
    const { size, root } = openCheckpoint(witness, [parseVerifierKey(key)]) as { size: number; root: Buffer };
    const bytes = (hashes: string[]) => hashes.map((hash) => Buffer.from(hash, 'hex'));
    for (const position of [1, 7, size]) {
      const path = `/v1/audit/proofs/inclusion?position=${position}&size=${size}`;
      const { leaf, proof } = await get<InclusionProof>(path);
      const claim = { leaf: Buffer.from(leaf, 'hex'), index: position - 1, size, root };
      expect(verifyInclusion(claim, bytes(proof))).toBe(true);
    }
    const { fromRoot, proof } = await get<ConsistencyProof>(`/v1/audit/proofs/consistency?from=5&to=${size}`);
    const trees = { oldSize: 5, oldRoot: Buffer.from(fromRoot, 'hex'), size, root };
    expect(verifyConsistency(trees, bytes(proof))).toBe(true);
    const beyond = await running.call('GET', '/v1/audit/proofs/consistency?from=1&to=9999', running.ownerHeaders);
    expect(beyond.status).toBe(400);
  });

  it('names a head that was revived behind the log’s back', async () => {
    expect(await get<AuditState>('/v1/audit/state')).toMatchObject({ checked: 12, differing: [] });
    await superuser.query(`update ledger.session_head set status = 'active' where session_id = $1`, [sessionIds[0]]);
    const state = await get<AuditState>('/v1/audit/state');
    expect(state.differing).toEqual([{ kind: 'session', id: sessionIds[0], fields: ['status'] }]);
    await superuser.query(`update ledger.session_head set status = 'revoked' where session_id = $1`, [sessionIds[0]]);
  });

  it('shows a payload that a superuser changed, with every hash made to fit', async () => {
    const change = `update ledger.event set payload = replace(payload, $1, $2) where stream_id = $3 and version = 2`;
    await tamper(change, ['"reason":"test"', '"reason":"tost"', `session:${sessionIds[0]}`]);
    const report = await verifyExport();
    expect(report.findings.map(({ code }) => code)).toContain('ROOT_DIFFERS');
    await tamper(change, ['"reason":"tost"', '"reason":"test"', `session:${sessionIds[0]}`]);
    expect(await verifyExport([witness])).toMatchObject({ ok: true });
  });

  it('shows a cut tail by the witness, when its checkpoints were cut too', async () => {
    const { size } = openCheckpoint(witness, [parseVerifierKey(key)]) as { size: number };
    await superuser.query('set session_replication_role = replica');
    await superuser.query('delete from ledger.entry where position > $1', [size - 1]);
    await superuser.query('delete from ledger.checkpoint where size > $1', [size - 1]);
    await superuser.query('update ledger.sequencer set position = $1', [size - 1]);
    await superuser.query('set session_replication_role = default');
    const alone = await verifyExport();
    expect(alone).toMatchObject({ ok: true, witnessed: 0 });
    expect((await verifyExport([witness])).findings).toEqual([expect.objectContaining({ code: 'TAIL_CUT' })]);
  });
});
