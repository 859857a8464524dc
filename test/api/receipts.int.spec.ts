import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sessionHolders } from '#libs/commands';
import type { ReceiptAnswer, SessionHoldersView } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger } from '#libs/ledger';
import { until } from '#libs/testing';
import { RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});

afterAll(() => api?.[Symbol.asyncDispose]());

async function send(holder: TestHolder, receipt: Record<string, unknown>) {
  const path = '/v1/holders/receipts';
  return api.call('POST', path, await holder.proof('POST', path), receipt);
}

async function acknowledge(holder: TestHolder, receipt: Record<string, unknown>): Promise<number> {
  return (await send(holder, receipt)).status;
}

function receipts(sessionId: string): Promise<SessionHoldersView> {
  return api.owner.sessionHolders(sessionId);
}

describe('the receipts of a session', () => {
  it('tell which holders have taken a generation, which have not yet, how fast, and who knows of the end', async () => {
    const session = await api.session();
    const sessionId = session.id;
    const names = ['first', 'second', 'third'];
    const [first, second, third] = await Promise.all(names.map((name) => TestHolder.register(api, sessionId, name)));
    for (const holder of [first!, second!]) {
      expect(await acknowledge(holder, { sessionId, generation: 0 })).toBe(200);
    }
    expect(await receipts(sessionId)).toMatchObject({ generation: 0, ended: false, current: 2, behind: 1, offline: 0 });

    await api.owner.rotateSession(sessionId);
    expect(await receipts(sessionId)).toMatchObject({ generation: 1, current: 0, behind: 3 });
    await acknowledge(third!, { sessionId, generation: 1 });
    const rotated = await receipts(sessionId);
    expect(rotated).toMatchObject({ current: 1, behind: 2 });
    const taken = rotated.items.find(({ id }) => id === third!.id);
    expect(taken).toMatchObject({ name: 'third', standing: 'current', generation: 1 });
    expect(taken?.latencyMs).toBe(Date.parse(taken?.acknowledgedAt ?? '') - Date.parse(rotated.changedAt));
    expect(rotated.items.find(({ id }) => id === first!.id)).toMatchObject({ standing: 'behind', latencyMs: null });

    await api.owner.revokeSession(sessionId);
    await acknowledge(first!, { sessionId, generation: 1, ended: true });
    await acknowledge(second!, { sessionId, generation: 1 });
    const ended = await receipts(sessionId);
    expect(ended).toMatchObject({ ended: true, current: 1, behind: 2 });
    expect(ended.items.find(({ standing }) => standing === 'current')?.id).toBe(first!.id);
  });

  it('call a holder offline that has not followed a change for half a minute', async () => {
    const session = await api.session();
    const holder = await TestHolder.register(api, session.id);
    const database = await Database.open({ url: api.database.url, applicationName: 'test', poolSize: 2 });
    try {
      const snapshot = await createLedger(database).session(session.id);
      if (!snapshot) throw new Error('the session is gone');
      const later = async (ms: number) => sessionHolders(database, { ...snapshot, now: snapshot.now + ms });
      expect(await later(29_000)).toMatchObject({ behind: 1, offline: 0 });
      expect((await later(31_000)).items).toMatchObject([{ id: holder.id, standing: 'offline' }]);
    } finally {
      await database[Symbol.asyncDispose]();
    }
  });

  it('are answered with the newest signed checkpoint, for the holder to keep as a witness', async () => {
    const { id: sessionId } = await api.session();
    const holder = await TestHolder.register(api, sessionId);
    // Until nothing more is signed between the two.
    await until(
      async () => {
        const { body } = await send(holder, { sessionId, generation: 0 });
        const [newest] = (await api.owner.checkpoints({ limit: 1 })).items;
        return newest !== undefined && (body as ReceiptAnswer).checkpoint === newest.note;
      },
      { describe: 'the newest checkpoint' },
    );
  });

  it('are taken for the holder’s own session only', async () => {
    const holder = await TestHolder.register(api, (await api.session()).id);
    const other = await api.session();
    expect(await acknowledge(holder, { sessionId: other.id, generation: 0 })).toBe(403);
    expect((await receipts(other.id)).items).toEqual([]);
  });
});
