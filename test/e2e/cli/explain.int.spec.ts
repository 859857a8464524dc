import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallExplanation } from '#libs/client';
import type { AgentView, Problem, SessionView, SessionWithToken } from '#libs/contracts';
import pg from 'pg';
import { until } from '#libs/testing';
import { CliFixture } from './cli-fixture.js';

/** Seconds. */
const TTL = 2;
/** A life in which something is done before its end, on a busy machine too. All of them begin together, before the tests. */
const LONGER_TTL = 15;

let fixture: CliFixture;
/** What was done to a session while its token lived, and what came of it. */
let withoutRenewals: { victim: Victim; renewal: number | string };
let ofDisabledAgent: Victim;
let held: { sessionId: string; renewal: number | string };

beforeAll(async () => {
  fixture = await CliFixture.open({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
  const life = ['--expires-in', String(LONGER_TTL)];
  const victim = await Victim.create(...life, '--max-renewals', '0');
  withoutRenewals = { victim, renewal: await victim.renew() };
  ofDisabledAgent = await Victim.create(...life);
  await fixture.run('agent', 'disable', ofDisabledAgent.agent.id);
  held = await renewedWithoutProof(life);
});
afterAll(() => fixture[Symbol.asyncDispose]());

let count = 0;

/** A session whose calls are made over HTTP, as an agent would. */
class Victim {
  private constructor(
    readonly agent: AgentView,
    readonly id: string,
    public token: string,
  ) {}

  static async create(...options: string[]): Promise<Victim> {
    const agent = await fixture.json<AgentView>('agent', 'add', `victim ${++count}`);
    const session = await fixture.json<SessionWithToken>(
      'session',
      'create',
      '--agent',
      agent.id,
      '--reject-window',
      '300',
      ...options,
    );
    return new Victim(agent, session.id, session.token ?? '');
  }

  /** What the server says to a call with this token. */
  async call(token = this.token): Promise<number | string> {
    return answerOf(await fetch(`${fixture.url}/v1/session`, { headers: { authorization: `Bearer ${token}` } }));
  }

  async renew(): Promise<number | string> {
    const headers = { authorization: `Bearer ${this.token}` };
    const response = await fetch(`${fixture.url}/v1/sessions/${this.id}/renew`, { method: 'PUT', headers });
    if (!response.ok) return answerOf(response);
    this.token = ((await response.json()) as SessionWithToken).token ?? '';
    return 200;
  }

  async ended(): Promise<void> {
    await this.told('session.created');
    await until(async () => (await this.call()) !== 200, { describe: 'the token to end' });
  }

  async explain(...options: string[]): Promise<CallExplanation & { exit: number }> {
    const run = await fixture.run('explain', this.id, '--grace', '0', '--output', 'json', ...options);
    expect(run.stderr).toBe('');
    return { ...(run.json as CallExplanation), exit: run.exit };
  }

  /** Waits until the log has all that was told of this session; the explanation reads it there. */
  async told(type: string): Promise<void> {
    await until(async () => (await fixture.run('session', 'show', this.id)).stdout.includes(type), { describe: type });
  }
}

/** Half of the token's life passes. */
async function age(sessionId: string): Promise<void> {
  const client = new pg.Client({ connectionString: fixture.database.url });
  await client.connect();
  const text = 'update ledger.session_head set issued_at = issued_at - expires_in * 3 / 5 where session_id = $1';
  await client.query(text, [sessionId]);
  await client.end();
}

/** A session of a holder, and what is answered to a renewal with its token alone. */
async function renewedWithoutProof(life: string[]): Promise<{ sessionId: string; renewal: number | string }> {
  const agent = await fixture.json<AgentView>('agent', 'add', `victim ${++count}`);
  const setup = ['mcp', 'setup', '--agent', agent.id, '--name', `h${count}`, ...life];
  const { sessionId, tokenFile } = await fixture.json<{ sessionId: string; tokenFile: string }>(...setup);
  const authorization = `Bearer ${readFileSync(tokenFile, 'utf8')}`;
  const renewal = await fetch(`${fixture.url}/v1/sessions/${sessionId}/renew`, {
    method: 'PUT',
    headers: { authorization },
  });
  return { sessionId, renewal: await answerOf(renewal) };
}

async function answerOf(response: Response): Promise<number | string> {
  return response.ok ? response.status : ((await response.json()) as Problem).code;
}

describe('explain finds why a call was refused', () => {
  it('1. the owner revoked the session', async () => {
    const victim = await Victim.create();
    await fixture.run('session', 'revoke', victim.id, '--reason', 'laptop lost', '--trigger', 'manual_revoke');
    expect(await victim.call()).toBe('SESSION_REVOKED');
    await victim.told('session.revoked');
    const explained = await victim.explain();
    expect(explained).toMatchObject({ exit: 1, verdict: 'REVOKED_BY_OWNER', errorCode: 'SESSION_REVOKED' });
    expect(explained.summary).toMatch(/owner revoked it at .* \(laptop lost\)/);
  });

  it('2. a renewal was rejected', async () => {
    const victim = await Victim.create();
    await fixture.run('session', 'revoke', victim.id, '--trigger', 'renewal_rejected');
    await victim.told('session.revoked');
    expect(await victim.explain()).toMatchObject({ verdict: 'RENEWAL_REJECTED' });
  });

  it('3. a newer session of the agent took its place', async () => {
    const victim = await Victim.create();
    await fixture.json('session', 'create', '--agent', victim.agent.id);
    expect(await victim.call()).toBe('SESSION_REVOKED');
    await victim.told('session.revoked');
    expect(await victim.explain()).toMatchObject({ verdict: 'SUPERSEDED_BY_SESSION' });
  });

  it('4. the owner rotated the token', async () => {
    const victim = await Victim.create();
    await fixture.run('session', 'rotate', victim.id);
    expect(await victim.call()).toBe('TOKEN_SUPERSEDED');
    await victim.told('session.renewed');
    const explained = await victim.explain('--generation', '0');
    expect(explained).toMatchObject({
      verdict: 'ROTATED_BY_OWNER',
      errorCode: 'TOKEN_SUPERSEDED',
      currentGeneration: 1,
    });
  });

  it('5. somebody renewed the token; the newer one is accepted', async () => {
    const victim = await Victim.create();
    const old = victim.token;
    await age(victim.id);
    expect(await victim.renew()).toBe(200);
    expect(await victim.call(old)).toBe('TOKEN_SUPERSEDED');
    await victim.told('session.renewed');
    expect(await victim.explain('--generation', '0', '--at', new Date().toISOString())).toMatchObject({
      verdict: 'RENEWED_BY_HOLDER',
    });
  });

  it('6. the session allows no renewals', async () => {
    const { victim, renewal } = withoutRenewals;
    expect(renewal).toBe('RENEWAL_LIMIT_REACHED');
    await victim.ended();
    expect(await victim.explain()).toMatchObject({ verdict: 'RENEWALS_USED_UP', errorCode: 'TOKEN_EXPIRED' });
  });

  it('7. the session’s life was over', async () => {
    const victim = await Victim.create('--expires-in', String(TTL), '--lifetime', String(TTL));
    await victim.ended();
    expect(await victim.explain()).toMatchObject({ verdict: 'LIFETIME_USED_UP' });
  });

  it('8. nobody renewed it in time', async () => {
    const victim = await Victim.create('--expires-in', String(TTL));
    await victim.ended();
    expect(await victim.explain()).toMatchObject({ verdict: 'NOBODY_RENEWED' });
  });

  it('9. the agent was disabled', async () => {
    const victim = ofDisabledAgent;
    await victim.ended();
    await until(async () => (await victim.explain()).verdict === 'AGENT_DISABLED', { describe: 'the verdict' });
  });

  it('10. a renewal came without a holder’s proof', async () => {
    const { sessionId, renewal } = held;
    expect(renewal).toBe('HOLDER_REQUIRED');
    const explain = async () =>
      (await fixture.run('explain', sessionId, '--grace', '0', '--output', 'json')).json as CallExplanation;
    await until(async () => (await explain()).verdict === 'RENEWAL_WITHOUT_PROOF', { describe: 'the verdict' });
    rmSync(join(fixture.home.dataDir, 'mcp-tokens'), { recursive: true });
  });

  it('11. the kill switch was on', async () => {
    const victim = await Victim.create();
    await fixture.run('kill-switch', 'on', '--reason', 'drill');
    expect(await victim.call()).toBe('KILL_SWITCH_ACTIVE');
    await until(async () => (await victim.explain()).verdict === 'KILL_SWITCH_ACTIVE', { describe: 'the verdict' });
    await fixture.run('kill-switch', 'off');
    await until(async () => (await victim.explain()).verdict === 'ACCEPTED', { describe: 'the release' });
  });

  it('12. the kill switch ended it', async () => {
    const victim = await Victim.create();
    await fixture.run('kill-switch', 'on', '--revoke-sessions');
    await fixture.run('kill-switch', 'off');
    expect(await victim.call()).toBe('SESSION_REVOKED');
    await victim.told('session.revoked');
    expect(await victim.explain()).toMatchObject({ verdict: 'REVOKED_BY_KILL_SWITCH' });
  });

  it('and looks back to the time that is asked for', async () => {
    const victim = await Victim.create();
    await victim.told('session.created');
    const before = new Date().toISOString();
    // A clock that is being set may go back by milliseconds.
    await until(() => Date.now() > Date.parse(before) + 100, { describe: 'a later time' });
    await fixture.run('session', 'revoke', victim.id);
    await victim.told('session.revoked');
    // The search of the audit, which tells of kill switches, follows the log by a moment.
    await until(async () => (await victim.explain('--at', before)).accepted, {
      describe: 'the last release to be known',
    });
    expect(await victim.explain('--at', before)).toMatchObject({ exit: 0, verdict: 'ACCEPTED', accepted: true });
    expect(await victim.explain('--at', '1h')).toMatchObject({ verdict: 'NOT_CREATED_YET' });
    const session = await fixture.json<{ session: SessionView }>('session', 'show', victim.id);
    expect(session.session.status).toBe('revoked');
  });
});
