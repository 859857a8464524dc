import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { startProcess, startTestNats, until } from '#libs/testing';
import { connectNats } from './connect-nats.js';

const USER = { user: 'tester', password: 'tester-password' };

describe('a connection to NATS', () => {
  it('comes back after its password was refused for a while', async () => {
    await using nats = await startTestNats({ users: [USER] });
    const { host } = new URL(nats.url);
    const connection = await connectNats({ url: `nats://${USER.user}:${USER.password}@${host}`, name: 'test' });
    // Two refusals in a row are the end for a driver that nobody tells otherwise: this one shows that there were two.
    const probe = await connect({
      servers: host,
      user: USER.user,
      pass: USER.password,
      reconnectTimeWait: 1_000,
      maxReconnectAttempts: -1,
    });
    nats.setUsers([]);
    await probe.closed();
    expect(connection.isClosed()).toBe(false);
    nats.setUsers([USER]);
    await until(async () => (await connection.rtt()) >= 0, {
      describe: 'the connection to be back',
    });
    await connection.close();
  });

  it('says what it waits for while the server is away, without the password, and is made once it is there', async () => {
    await using nats = await startTestNats();
    const { host, password } = new URL(nats.url);
    await nats.stop();
    const said: string[] = [];
    const connecting = connectNats({ url: nats.url, name: 'test', onWaiting: (servers) => said.push(servers) });
    await until(() => said.length > 0, { describe: 'a word' });
    expect(said[0]).toBe(`nats://${host}`);
    expect(said.join()).not.toContain(password);
    await nats.restart();
    const connection = await connecting;
    expect(await connection.rtt()).toBeGreaterThanOrEqual(0);
    await connection.close();
  });

  it('by tls:// sends neither user nor password to a server that offers no TLS', async () => {
    const received: string[] = [];
    let visits = 0;
    const server = createServer((socket) => {
      visits += 1;
      socket.on('error', () => undefined);
      socket.on('data', (data) => received.push(data.toString('latin1')));
      const info = { server_id: 'X', version: '2.9.10', proto: 1, headers: true, max_payload: 1_048_576 };
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    // It tries for ever, so in a process that can be ended.
    const script = `import { connectNats } from '#libs/messaging';
      await connectNats({ url: 'tls://me:my-password@127.0.0.1:${port}', name: 'test' });`;
    const args = ['--input-type=module', '-e', script];
    try {
      await using client = await startProcess(process.execPath, { args });
      await until(() => client.exit !== undefined || visits > 2, { describe: 'a refusal, or more tries' });
      expect(visits).toBeGreaterThan(0);
      expect(received.join('')).not.toMatch(/my-password|CONNECT/);
    } finally {
      server.close();
    }
  });
});
