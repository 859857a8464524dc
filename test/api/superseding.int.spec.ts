import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CommandDeps, createSession, handOverToken, rotateSession, updateAgent } from '#libs/commands';
import type { HolderHead } from '#libs/ledger';
import { TestCommands } from './test-commands.js';

/** More than one append may end. */
const MANY = Number(process.env['LEDGER_TEST_SUPERSEDED'] ?? 1_050);

/** Their ends and the moves of their holders are more than one append takes. */
const HELD = 496;

let commands: TestCommands;

beforeAll(async () => {
  commands = await TestCommands.open();
});
afterAll(() => commands?.[Symbol.asyncDispose]());

/** These dependencies, where something happens before the first append goes to the store. */
function beforeAppend(happens: () => Promise<unknown>): CommandDeps {
  const { deps } = commands;
  let done = false;
  return {
    ...deps,
    store: {
      ...deps.store,
      append: async (request) => {
        if (!done) {
          done = true;
          await happens();
        }
        return deps.store.append(request);
      },
    },
  };
}

describe('a session that supersedes', () => {
  it('takes along a holder that is registered on the old one at the last moment', async () => {
    const { deps, caller } = commands;
    const { agentId, sessionId } = await commands.session();
    const registered: Awaited<ReturnType<TestCommands['holder']>>[] = [];
    const racing = beforeAppend(async () => registered.push(await commands.holder(sessionId)));
    const { head } = await createSession(racing, { agentId }, caller);
    const [{ holder }] = registered as [(typeof registered)[number]];
    expect((await deps.heads.holder(holder.holderId))?.sessionId).toBe(head.sessionId);
    expect(await handOverToken(deps, holder, caller)).toMatchObject({ sessionId: head.sessionId });
  });

  it('answers as revoked, without a token, where a newer one outran it meanwhile', async () => {
    const { deps, caller } = commands;
    const { agentId } = await commands.agent();
    const winner = { sessionId: '' };
    // Neither sees the other’s session: the newer one is recorded first, and its own look finds nothing to end yet.
    const racing: CommandDeps = {
      ...deps,
      store: {
        ...deps.store,
        append: async (request) => {
          if (winner.sessionId === '')
            winner.sessionId = (await createSession(deps, { agentId }, caller)).head.sessionId;
          return deps.store.append(request);
        },
      },
    };
    const { head, token } = await createSession(racing, { agentId }, caller);
    expect(head.sessionId < winner.sessionId).toBe(true);
    expect([head.status, token]).toEqual(['revoked', null]);
    expect((await deps.heads.activeSessions(agentId)).map(({ sessionId }) => sessionId)).toEqual([winner.sessionId]);
  });

  it('is looked at again when its creation is repeated after a crash', async () => {
    const { deps, caller } = commands;
    const { agentId } = await commands.agent();
    const fingerprint = createHash('sha256').update('request').digest();
    const repeated = { ...caller, idempotency: { scope: 'test', key: randomUUID(), fingerprint } };
    // Made after the creation looked for what it supersedes, and older than it: only the look after the commit finds it.
    const outrun: string[] = [];
    const dying: CommandDeps = {
      ...deps,
      heads: { ...deps.heads, activeSessions: dieOnCall(2, deps.heads.activeSessions) },
    };
    dying.heads.now = async () => {
      if (outrun.length === 0) outrun.push((await commands.session({ agentId, supersede: false })).sessionId);
      return deps.heads.now();
    };
    await expect(createSession(dying, { agentId }, repeated)).rejects.toThrow('killed');
    expect(await deps.heads.activeSessions(agentId)).toHaveLength(2);
    const { head } = await createSession(deps, { agentId }, repeated);
    expect((await deps.heads.activeSessions(agentId)).map(({ sessionId }) => sessionId)).toEqual([head.sessionId]);
    expect(outrun).toHaveLength(1);
  });

  it('takes along the holder of an older one that it did not see, and finds in its look after the commit', async () => {
    const { deps, caller } = commands;
    const { agentId } = await commands.agent();
    const registered: Awaited<ReturnType<TestCommands['holder']>>[] = [];
    const slow: CommandDeps = { ...deps, heads: { ...deps.heads } };
    // Between its look for what it supersedes and the moment from which its own session counts.
    slow.heads.now = async () => {
      if (registered.length === 0) {
        const older = await createSession(deps, { agentId }, caller);
        registered.push(await commands.holder(older.head.sessionId));
      }
      return deps.heads.now();
    };
    const { head } = await createSession(slow, { agentId }, caller);
    const [{ holder }] = registered as [(typeof registered)[number]];
    expect((await deps.heads.activeSessions(agentId)).map(({ sessionId }) => sessionId)).toEqual([head.sessionId]);
    expect(await handOverToken(deps, holder, caller)).toMatchObject({ sessionId: head.sessionId });
    expect((await deps.heads.session(head.sessionId))?.holderIds).toEqual([holder.holderId]);
  });

  it('leaves a holder that it has already to the newer one that outran it', async () => {
    const { deps, caller } = commands;
    const { agentId } = await commands.agent();
    const made: { winner: string; holder: HolderHead }[] = [];
    const racing: CommandDeps = {
      ...deps,
      store: {
        ...deps.store,
        append: async (request) => {
          if (made.length > 0) return deps.store.append(request);
          const winner = (await createSession(deps, { agentId }, caller)).head.sessionId;
          const result = await deps.store.append(request);
          const own = request.heads?.sessions?.[0]?.sessionId ?? '';
          made.push({ winner, holder: (await commands.holder(own)).holder });
          return result;
        },
      },
    };
    const { head } = await createSession(racing, { agentId }, caller);
    const [{ winner, holder }] = made as [(typeof made)[number]];
    expect([head.sessionId, head.status]).toEqual([holder.sessionId, 'revoked']);
    expect(await handOverToken(deps, holder, caller)).toMatchObject({ sessionId: winner });
  });

  it('leaves what it takes over itself to a newer one too, in whatever order it finds them', async () => {
    const { deps, caller } = commands;
    const { agentId } = await commands.agent();
    const older: Awaited<ReturnType<TestCommands['holder']>>[] = [];
    const newer: string[] = [];
    const blind: CommandDeps = { ...deps, heads: { ...deps.heads, activeSessions: () => Promise.resolve([]) } };
    const between: CommandDeps = {
      ...deps,
      heads: {
        ...deps.heads,
        activeSessions: async (id) => (await deps.heads.activeSessions(id)).reverse(),
        now: async () => {
          if (older.length === 0) {
            const { head } = await createSession(blind, { agentId }, caller);
            older.push(await commands.holder(head.sessionId));
          }
          return deps.heads.now();
        },
      },
      store: {
        ...deps.store,
        append: async (request) => {
          if (newer.length === 0) newer.push((await createSession(blind, { agentId }, caller)).head.sessionId);
          return deps.store.append(request);
        },
      },
    };
    expect((await createSession(between, { agentId }, caller)).head.status).toBe('revoked');
    expect((await deps.heads.activeSessions(agentId)).map(({ sessionId }) => sessionId)).toEqual(newer);
    const [{ holder }] = older as [(typeof older)[number]];
    expect(await handOverToken(deps, holder, caller)).toMatchObject({ sessionId: newer[0] });
  });

  it(`ends ${MANY} sessions at once, those with holders in its own transaction`, async () => {
    const { deps, caller } = commands;
    const { agentId } = await commands.agent();
    const first = await commands.session({ agentId, supersede: false });
    const { holder } = await commands.holder(first.sessionId);
    for (let made = 1; made < MANY; made += 50) {
      await Promise.all(
        Array.from({ length: Math.min(50, MANY - made) }, () => commands.session({ agentId, supersede: false })),
      );
    }
    expect(await deps.heads.activeSessions(agentId)).toHaveLength(MANY);
    const { head } = await createSession(deps, { agentId }, caller);
    expect((await deps.heads.activeSessions(agentId)).map(({ sessionId }) => sessionId)).toEqual([head.sessionId]);
    expect((await deps.heads.holder(holder.holderId))?.sessionId).toBe(head.sessionId);
  });

  it('ends none where those with holders are too many for its transaction', async () => {
    const { deps, caller } = commands;
    const { agentId } = await commands.agent();
    const held = await commands.session({ agentId, supersede: false });
    const { holder } = await commands.holder(held.sessionId);
    await copyHeld(held.sessionId, holder.holderId, HELD - 1);
    await Promise.all(Array.from({ length: 20 }, () => commands.session({ agentId, supersede: false })));
    await expect(createSession(deps, { agentId }, caller)).rejects.toThrow(`${HELD} sessions with holders`);
    expect(await deps.heads.activeSessions(agentId)).toHaveLength(HELD + 20);
  });
});

/** As if there were so many more sessions like this one, each with a holder like this one. */
async function copyHeld(sessionId: string, holderId: string, count: number): Promise<void> {
  await commands.deps.database.transaction(async (client) => {
    await client.query('set local role none');
    await client.query(
      `with made as (
         insert into ledger.session_head
         select copy.* from ledger.session_head h cross join generate_series(1, $2::int) n
         cross join lateral jsonb_populate_record(h, jsonb_build_object('session_id', gen_random_uuid(), 'created_at', n)) copy
         where h.session_id = $1
         returning session_id)
       insert into ledger.holder_head
       select copy.* from made join ledger.holder_head o on o.holder_id = $3
       cross join lateral jsonb_populate_record(
         o, jsonb_build_object('holder_id', gen_random_uuid(), 'session_id', made.session_id)
       ) copy`,
      [sessionId, count, holderId],
    );
  });
}

function dieOnCall<A extends unknown[], R>(nth: number, call: (...args: A) => Promise<R>) {
  let calls = 0;
  return (...args: A): Promise<R> => (++calls === nth ? Promise.reject(new Error('killed')) : call(...args));
}

describe('rotating a session of a disabled agent', () => {
  it('is refused to the owner, and done where the old token must die', async () => {
    const { deps, caller } = commands;
    const { agentId, sessionId } = await commands.session();
    await updateAgent(deps, { agentId, enabled: false }, caller);
    await expect(rotateSession(deps, { sessionId }, caller)).rejects.toMatchObject({ code: 'AGENT_DISABLED' });
    expect((await rotateSession(deps, { sessionId, emergency: true }, caller)).head.generation).toBe(1);
  });
});
