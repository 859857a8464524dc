import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { decodeJwt } from 'jose';
import { identityOf, loadHolder } from '#libs/client';
import { agentSubjects, handOverView, natsAccessView, type NatsAccessView } from '#libs/contracts';
import { until } from '#libs/testing';
import { writeMcpToken } from '#libs/token-file';
import { desktop } from './desktop.js';
import { OperatorNats } from './operator-nats.js';
import { RunningLedger, type Installation } from './running-ledger.js';

/** Seconds that a desktop's access to NATS lives here: it is replaced several times within the tests. */
const LIFETIME = 9;
/** A search that nothing sets off comes after 40 s at the earliest. Milliseconds. */
const LONG_BEFORE_RECOVERY = 20_000;

let nats: OperatorNats;
let ledger: RunningLedger;

beforeAll(async () => {
  nats = await OperatorNats.start();
  const grace = { LEDGER_PREVIOUS_TOKEN_GRACE: '0' };
  ledger = await RunningLedger.start({ ...nats.env, ...grace, LEDGER_NATS_DESKTOP_LIFETIME: String(LIFETIME) });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

async function handedAccess({ dataDir }: Installation): Promise<NatsAccessView> {
  const entry = loadHolder(dataDir);
  if (entry === null) throw new Error('this installation has no holder');
  const holder = identityOf(entry);
  const path = '/v1/holders/token';
  const assertion = await holder.assertion('POST', path, Date.now() / 1000);
  const answer = await fetch(ledger.baseUrl + path, {
    method: 'POST',
    headers: { 'ledger-holder-assertion': assertion },
  });
  const { sealedNats = '' } = handOverView.parse(await answer.json());
  return natsAccessView.parse(JSON.parse(await holder.open(sealedNats)));
}

/** A connection with all that the server says against its use. */
class ListeningDesktop {
  readonly refusals: string[] = [];

  constructor(readonly connection: NatsConnection) {
    void this.collect();
  }

  /** What is new against this use; empty when the server lets it pass. */
  async refusalsOf(use: () => void, expected: number): Promise<string[]> {
    const before = this.refusals.length;
    use();
    // The server answers in order: what it has to say of the use comes before the answer to the ping.
    await this.connection.flush();
    await until(() => this.refusals.length >= before + expected, { describe: 'the refusal' });
    return this.refusals.slice(before);
  }

  private async collect(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'error') this.refusals.push(status.error.message.toLowerCase());
    }
  }
}

describe('a desktop elsewhere, with NATS in operator mode', () => {
  it('is handed a short-lived user that hears its agent’s subjects and may do nothing else', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    const { agentId } = installation.session;
    const { jwt, seed, servers, expiresIn } = await handedAccess(installation);
    expect(expiresIn).toBeLessThanOrEqual(LIFETIME);
    expect(decodeJwt(jwt)).toMatchObject({ nats: { pub: { deny: ['>'] }, sub: { allow: [agentSubjects(agentId)] } } });
    const connection = await connect({ servers, authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)) });
    const listening = new ListeningDesktop(connection);
    const subscribe = (subject: string) => () => void connection.subscribe(subject, { callback: () => undefined });
    expect(await listening.refusalsOf(subscribe(agentSubjects(agentId)), 0)).toEqual([]);
    for (const subject of ['ledger.v1.>', agentSubjects('01a1fc65-0000-7000-8000-000000000000'), '>', '_INBOX.>']) {
      const [refusal] = await listening.refusalsOf(subscribe(subject), 1);
      expect(refusal).toContain(`permissions violation for subscription to "${subject.toLowerCase()}"`);
    }
    for (const subject of [`ledger.v1.main.${agentId}.x.renewed`, '$JS.API.INFO', '$JS.API.STREAM.PURGE.LEDGER', 'x']) {
      const [refusal] = await listening.refusalsOf(() => connection.publish(subject), 1);
      expect(refusal).toContain(`permissions violation for publish to "${subject.toLowerCase()}"`);
    }
    await connection.close();
  });

  it('hears of rotations over it with SSE refused, also long after its first user has ended', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    it.proxy.treat = ({ path }) => (path === '/v1/updates' ? 'refuse' : 'pass');
    it.proxy.cutAll();
    await until(() => it.host.process.stderr.includes('Updates come over NATS'), {
      describe: 'the subscription',
    });
    await it.host.untilSelf({ state: 'active', reason: null, generation: 0 });
    const end = Date.now() + 2.5 * LIFETIME * 1000;
    let generation = 0;
    while (Date.now() < end || generation <= 5) {
      ({ generation } = await ledger.owner.rotateSession(installation.session.id));
      await it.host.untilSelf({ generation });
    }
    expect(it.proxy.requests('GET', '/v1/session').map(({ status }) => status)).not.toContain(401);
  });

  it('goes on by the 401 path and the directory watch when NATS and SSE are gone, and keeps its token when all is', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    await until(() => it.host.process.stderr.includes('Updates come over NATS'), {
      describe: 'the subscription',
    });
    await it.host.untilSelf({ state: 'active', reason: null, generation: 0 });
    it.proxy.treat = ({ path }) => (path === '/v1/updates' ? 'refuse' : 'pass');
    it.proxy.cutAll();
    await nats.kill();
    await until(() => it.host.process.stderr.includes('NATS is gone'), { describe: 'the loss to be noticed' });

    await ledger.owner.rotateSession(installation.session.id);
    const called = performance.now();
    const { content } = await it.host.call('session_status');
    expect(content).toMatchObject({ status: 'ok', session: { generation: 1 } });
    expect(performance.now() - called).toBeLessThan(LONG_BEFORE_RECOVERY);

    const { token } = await ledger.owner.rotateSession(installation.session.id);
    await writeMcpToken(installation.tokenFile, token ?? '');
    await it.host.untilSelf({ generation: 2, state: 'active' });

    it.proxy.treat = () => 'refuse';
    it.proxy.cutAll();
    expect((await it.host.call('session_status')).content['status']).toBe('daemon_unavailable');
    expect(await it.host.self()).toMatchObject({ state: 'active', generation: 2 });
    it.proxy.treat = () => 'pass';
    expect((await it.host.call('session_status')).content).toMatchObject({ status: 'ok', session: { generation: 2 } });
    await nats.restart();
  });
});
