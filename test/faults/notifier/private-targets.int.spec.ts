import { lookup, type LookupAddress } from 'node:dns';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TargetPolicy } from '#libs/deliveries';
import { RawServer } from '#libs/testing';
import { safeConnector } from '../../../apps/notifier/src/webhook/safe-connector.js';
import { webhookFailure } from '../../../apps/notifier/src/webhook/webhook-failure.js';

/** Answers look-ups from a list, one after the other: what an attacker's name server could say. */
function resolver(...answers: string[][]): typeof lookup {
  let asked = 0;
  const answer = (
    _host: string,
    _options: unknown,
    done: (error: Error | null, found: LookupAddress[]) => void,
  ): void => {
    const addresses = answers[Math.min(asked++, answers.length - 1)]!;
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return answer as unknown as typeof lookup;
}

describe('W7: a target inside the own network', () => {
  let internal: RawServer;
  beforeAll(async () => {
    internal = await RawServer.start((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  });
  afterAll(() => internal[Symbol.asyncDispose]());

  async function post(host: string, resolve?: typeof lookup, allowed: string[] = []): Promise<unknown> {
    await using agent = new AgentUntilDone(safeConnector(new TargetPolicy(allowed), resolve));
    try {
      const url = `http://${host}:${internal.port}/`;
      return (await request(url, { method: 'POST', body: '{}', dispatcher: agent.agent })).statusCode;
    } catch (error) {
      return webhookFailure(error);
    }
  }

  it.each([
    '127.0.0.1',
    'localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::7f00:1]',
    '0.0.0.0',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '[64:ff9b::7f00:1]',
  ])('written as %s is not connected to', async (host) => {
    expect(await post(host)).toMatchObject({ kind: 'failed', reason: 'refused_address' });
    expect(internal.connections).toBe(0);
  });

  it.each([
    ['a private address', [['127.0.0.1']]],
    ['a public and a private address', [['93.184.215.14', '127.0.0.1']]],
    ['a private address in IPv6 clothes', [['::ffff:127.0.0.1']]],
  ])('behind a name that resolves to %s is not connected to', async (_, answers) => {
    expect(await post('hooks.example.test', resolver(...answers))).toMatchObject({ reason: 'refused_address' });
    expect(internal.connections).toBe(0);
  });

  it('behind a name that answers otherwise the second time is not connected to: there is no second look-up', async () => {
    let asked = 0;
    const rebinding = resolver(['192.0.2.1'], ['127.0.0.1']);
    const counting = ((...parameters: Parameters<typeof lookup>) => {
      asked += 1;
      return rebinding(...parameters);
    }) as typeof lookup;
    expect(await post('hooks.example.test', counting)).toMatchObject({ kind: 'failed' });
    expect(asked).toBe(1);
    expect(internal.connections).toBe(0);
  });

  it('whose name is not known is a failure of its own kind', async () => {
    const name = 'does-not-exist.invalid';
    // Looked up beforehand: how long that takes is the machine's matter, and a connection has three seconds.
    const error = await new Promise<Error | null>((done) => lookup(name, done));
    const notKnown = (...[, , done]: [string, unknown, (error: Error | null, found: LookupAddress[]) => void]): void =>
      done(error, []);
    expect(await post(name, notKnown as unknown as typeof lookup)).toMatchObject({ kind: 'failed', reason: 'dns' });
  });

  it('is reached where the configuration allows it', async () => {
    expect(await post('127.0.0.1', undefined, ['127.0.0.0/8'])).toBe(200);
    expect(internal.connections).toBe(1);
  });
});

class AgentUntilDone implements AsyncDisposable {
  readonly agent: Agent;

  constructor(connect: ReturnType<typeof safeConnector>) {
    this.agent = new Agent({ connect });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.destroy();
  }
}
