import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { silentLog } from '../log.js';
import { ServerClock } from '../session/server-clock.js';
import { SseUpdates } from './sse-updates.js';
import { UpdatesWatch } from './updates-state.js';

describe('the update stream', () => {
  it('is given up where it opens only after the news began to come another way', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const opened: boolean[] = [];
    const watch = new UpdatesWatch(
      () => undefined,
      () => updates.giveUp(),
      1,
    );
    const updates = new SseUpdates(
      {
        baseUrl: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        clock: new ServerClock(),
        holder: () => null,
        token: () => 'token',
        listener: { hear: () => undefined, opened: (resumed) => void opened.push(resumed) },
        log: silentLog,
      },
      watch,
    );
    try {
      const asked = once(server, 'request') as Promise<[unknown, ServerResponse]>;
      updates.start();
      const [, response] = await asked;
      watch.connectedElsewhere();
      updates.setIdle(true);
      const closed = once(response, 'close');
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      await closed;
      expect([watch.state, opened]).toEqual(['connected', []]);
    } finally {
      await updates.stop();
      watch.stop();
      server.closeAllConnections();
      server.close();
    }
  });
});
