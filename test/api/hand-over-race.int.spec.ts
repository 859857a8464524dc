import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assignHolder, handOverToken, removeHolder } from '#libs/commands';
import { TestCommands } from './test-commands.js';

let commands: TestCommands;

beforeAll(async () => {
  commands = await TestCommands.open();
});
afterAll(() => commands?.[Symbol.asyncDispose]());

describe('a hand-over that is under way', () => {
  it.each([
    ['since its assertion was accepted', 0],
    ['since its session was read', 1],
    ['since its receipt was prepared', 2],
  ])('gives a holder nothing that was removed %s', async (_, step) => {
    const { deps, caller } = commands;
    const { sessionId } = await commands.session();
    const { holder } = await commands.holder(sessionId);
    const remove = () => removeHolder(deps, holder.holderId, caller);
    if (step === 0) await remove();
    const asking = handOverToken(step === 0 ? deps : commands.afterRead(step, remove), holder, caller);
    await expect(asking).rejects.toMatchObject({ code: 'HOLDER_ASSERTION_INVALID' });
    expect((await commands.events(sessionId)).map(({ type }) => type)).toEqual(['SessionCreated', 'SessionRenewed']);
  });

  it('follows a holder that was moved meanwhile to its new session', async () => {
    const { deps, caller } = commands;
    const { agentId } = await commands.agent();
    const [first, second] = [
      await commands.session({ agentId, supersede: false }),
      await commands.session({ agentId, supersede: false }),
    ];
    const { holder } = await commands.holder(first.sessionId);
    await assignHolder(deps, { holderId: holder.holderId, sessionId: second.sessionId }, caller);
    expect(await handOverToken(deps, holder, caller)).toMatchObject({ sessionId: second.sessionId });
  });
});
