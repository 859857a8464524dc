import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { rejectButton } from '../../../apps/notifier/src/bot/buttons.js';
import { activateKillSwitch, rotateSession, updateAgent } from '#libs/commands';
import { until } from '#libs/testing';
import { BotFixture, OWNER_CHAT, STRANGER } from './bot-fixture.js';

let fixture: BotFixture;
beforeEach(async () => {
  fixture = await BotFixture.open();
  await fixture.addTelegramChannel();
});
afterEach(() => fixture[Symbol.asyncDispose]());

const OWNER = { actor: 'owner', requestId: 'test' };
const TOKEN = /eyJ|sl_sess_/;

describe('/newsession', () => {
  it('says how to add an agent when there is none', async () => {
    fixture.startBots();
    fixture.say('/newsession');
    expect((await fixture.message(/no agents/)).text).toContain('sledger agent add <name>');
  });

  it('makes a session for the only agent, writes the token file, confirms, and shows no token', async () => {
    const agentId = await fixture.addAgent('trader');
    fixture.startBots();
    fixture.say('/newsession');
    const { text } = await fixture.message(/New session for trader/);
    const [sessionId] = await fixture.sessionIds(agentId);
    expect(text).toContain(sessionId);
    const file = join(fixture.dataDir, 'mcp-token');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const claims = decodeJwt(readFileSync(file, 'utf8').replace('sl_sess_', ''));
    expect(claims).toMatchObject({ sid: sessionId, sub: agentId, gen: 0 });
    expect(fixture.telegram.messages.every((message) => !TOKEN.test(JSON.stringify(message)))).toBe(true);
    const [created] = await fixture.commands.store.readStream(`session:${sessionId}`);
    expect(created).toMatchObject({ type: 'SessionCreated', actor: `telegram:${OWNER_CHAT}` });
  });

  it('offers several agents by button; a press makes one session however often it comes', async () => {
    const [first, second] = [await fixture.addAgent('first'), await fixture.addAgent('second')];
    fixture.startBots();
    fixture.say('/newsession');
    const question = await fixture.message(/For which agent/);
    expect(fixture.buttons(question).map(({ callback_data }) => callback_data)).toEqual([
      `newsession:${first}`,
      `newsession:${second}`,
    ]);
    for (const label of ['second', 'second', 'first']) {
      const button = label === 'second' ? `newsession:${second}` : `newsession:${first}`;
      fixture.telegram.press(OWNER_CHAT, OWNER_CHAT, question.messageId, button);
    }
    await until(() => fixture.answers().length === 3, { describe: 'three answers' });
    expect(await fixture.sessionIds(second)).toHaveLength(1);
    expect(await fixture.sessionIds(first)).toHaveLength(0);
    expect(fixture.answers().filter((text) => text.includes('used already'))).toHaveLength(2);
    expect((await fixture.message(/New session for second/)).messageId).toBe(question.messageId);
    expect(fixture.buttons(await fixture.message(/New session for second/))).toEqual([]);
  });

  it('leaves a token file alone that belongs to another agent', async () => {
    await fixture.addAgent('first');
    fixture.startBots();
    fixture.say('/newsession first');
    await fixture.message(/New session for first/);
    const file = join(fixture.dataDir, 'mcp-token');
    const before = readFileSync(file, 'utf8');
    await fixture.addAgent('second');
    fixture.say('/newsession second');
    expect((await fixture.message(/New session for second/)).text).toContain('belongs to another agent');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('says that the session exists when its token file cannot be written', async () => {
    const agentId = await fixture.addAgent('trader');
    mkdirSync(join(fixture.dataDir, 'mcp-token'));
    fixture.startBots();
    fixture.say('/newsession');
    const { text } = await fixture.message(/token file write failed/);
    expect(text).toMatch(/^Session created but token file write failed: /);
    expect(await fixture.sessionIds(agentId)).toHaveLength(1);
  });

  it('says why when the session is refused, and the keyboard can be used again', async () => {
    const first = await fixture.addAgent('first');
    await fixture.addAgent('second');
    fixture.startBots();
    fixture.say('/newsession');
    const question = await fixture.message(/For which agent/);
    await updateAgent(fixture.commands, { agentId: first, enabled: false }, OWNER);
    fixture.press(question, 'first');
    expect((await fixture.message(/Failed to create session/)).text).toContain('The agent is disabled');
    await updateAgent(fixture.commands, { agentId: first, enabled: true }, OWNER);
    fixture.telegram.press(OWNER_CHAT, OWNER_CHAT, question.messageId, `newsession:${first}`);
    await fixture.message(/New session for first/);
    expect(await fixture.sessionIds(first)).toHaveLength(1);
  });
});

describe('T5: strangers', () => {
  it('are refused in words and presses, logged, and change nothing', async () => {
    const agentId = await fixture.addAgent('trader');
    const sessionId = await fixture.addSession(agentId);
    fixture.startBots();
    fixture.say('/newsession', STRANGER);
    fixture.telegram.press(STRANGER, STRANGER, 1, rejectButton(sessionId, 0, 'Reject').callback_data);
    await fixture.message(/^Unauthorized$/);
    await until(() => fixture.answers().includes('Unauthorized'), { describe: 'the refused press' });
    expect(await fixture.sessionIds(agentId)).toEqual([sessionId]);
    expect(
      fixture.logLines.filter((line) => line.includes('stranger') && line.includes(`"userId":${STRANGER}`)),
    ).toHaveLength(2);
  });

  it('in an authorised group are still refused: the presser counts, not the chat', async () => {
    const group = -1009;
    await fixture.addTelegramChannel('group', group, [OWNER_CHAT]);
    const sessionId = await fixture.addSession(await fixture.addAgent('trader'));
    fixture.startBots();
    fixture.telegram.press(group, STRANGER, 1, rejectButton(sessionId, 0, 'Reject').callback_data);
    await until(() => fixture.answers().includes('Unauthorized'), { describe: 'the refused press' });
    expect(await fixture.eventTypes(sessionId)).toEqual(['SessionCreated']);
    fixture.telegram.press(group, OWNER_CHAT, 1, rejectButton(sessionId, 0, 'Reject').callback_data);
    await until(async () => (await fixture.eventTypes(sessionId)).includes('SessionRevoked'), {
      describe: 'the revocation',
    });
  });
});

describe('T5: [Reject]', () => {
  it('ends the session as a rejected renewal, and a second press does nothing and says so', async () => {
    const sessionId = await fixture.addSession(await fixture.addAgent('trader'));
    fixture.startBots();
    const { callback_data } = rejectButton(sessionId, 0, 'Reject');
    fixture.telegram.press(OWNER_CHAT, OWNER_CHAT, 1, callback_data);
    await fixture.message(/Renewal rejected/);
    fixture.telegram.press(OWNER_CHAT, OWNER_CHAT, 1, callback_data);
    await fixture.message(/had ended already/);
    const events = await fixture.commands.store.readStream(`session:${sessionId}`);
    expect(events.map(({ type }) => type)).toEqual(['SessionCreated', 'SessionRevoked']);
    expect(events[1]).toMatchObject({ actor: `telegram:${OWNER_CHAT}`, data: { trigger: 'renewal_rejected' } });
  });

  it('does nothing once the session has a newer token than its message was about', async () => {
    const sessionId = await fixture.addSession(await fixture.addAgent('trader'));
    await rotateSession(fixture.commands, { sessionId }, OWNER);
    fixture.startBots();
    fixture.telegram.press(OWNER_CHAT, OWNER_CHAT, 1, rejectButton(sessionId, 0, 'Reject').callback_data);
    await fixture.message(/newer token than this button knows/);
    expect(await fixture.eventTypes(sessionId)).not.toContain('SessionRevoked');
  });
});

describe('the other commands', () => {
  it('/revoke asks which and whether, and ends exactly that session', async () => {
    const agentId = await fixture.addAgent('trader');
    const [kept, ended] = [await fixture.addSession(agentId), await fixture.addSession(agentId)];
    fixture.startBots();
    fixture.say('/revoke');
    const question = await fixture.message(/Which session/);
    fixture.telegram.press(OWNER_CHAT, OWNER_CHAT, question.messageId, `revoke:${ended}:0`);
    fixture.press(await fixture.message(/Revoke it\?/), 'Yes');
    await fixture.message(/is revoked/);
    expect(await fixture.sessionIds(agentId)).toEqual([kept]);
    fixture.say(`/revoke ${kept}`);
    fixture.press(await fixture.message(/Revoke it\?/), 'No');
    await fixture.message(/Nothing was changed/);
    expect(await fixture.sessionIds(agentId)).toEqual([kept]);
  });

  it('/sessions and /status tell what is alive and what needs attention', async () => {
    const agentId = await fixture.addAgent('trader');
    fixture.startBots();
    fixture.say('/sessions');
    await fixture.message(/No session is alive/);
    await fixture.addSession(agentId);
    fixture.say('/sessions');
    expect((await fixture.message(/trader/)).text).toMatch(/token 6 d 23 h.*30 renewals left/);
    await activateKillSwitch(fixture.commands, { reason: 'drill', revokeSessions: false }, OWNER);
    fixture.say('/status');
    expect((await fixture.message(/Sessions alive: 1/)).text).toMatch(/kill switch is on since .*: drill/);
  });

  it('/snooze puts alerts off for the time that is given, and ends it', async () => {
    fixture.startBots();
    fixture.say('/snooze');
    await fixture.message(/For how long/);
    fixture.say('/snooze 2h');
    await fixture.message(/Alerts wait until/);
    const active = () =>
      fixture.database.query(
        'select extract(epoch from ends_at - clock_timestamp()) as left from deliveries.silence where ends_at > clock_timestamp()',
      );
    const [row] = await active();
    expect(Number(row?.['left'])).toBeGreaterThan(7100);
    fixture.say('/snooze off');
    await fixture.message(/Alerts come again/);
    expect(await active()).toEqual([]);
  });

  it('answers unknown words with help, in a private chat', async () => {
    fixture.startBots();
    fixture.say('hello');
    await fixture.message(/no command of mine/);
    fixture.say('/help');
    const { text } = await fixture.message(/A token is never shown/);
    for (const command of ['/newsession', '/sessions', '/status', '/revoke', '/snooze'])
      expect(text).toContain(command);
  });
});
