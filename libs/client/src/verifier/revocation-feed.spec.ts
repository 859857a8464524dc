import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { LedgerError, problemOf, type Problem, type Revocation, type RevocationPage } from '#libs/contracts';
import { OwnerHttp } from '../owner/owner-http.js';
import { RevocationFeed } from './revocation-feed.js';

const DEAD = {
  sessionId: '019a9f3c-0000-7000-8000-0000000000b1',
  generation: 0,
  ended: true,
  deadFrom: '2026-11-21T00:00:00Z',
};

describe('a verifier’s feed', () => {
  it('begins anew when its cursor is not taken any more, as after a restore', async () => {
    const asked: (string | null)[] = [];
    const server = createServer((request, response) => {
      const cursor = new URL(request.url ?? '/', 'http://ledger').searchParams.get('cursor');
      asked.push(cursor);
      const isRefused = cursor === 'beyond-the-end';
      const page: RevocationPage = {
        items: asked.length > 1 ? [DEAD] : [],
        cursor: 'beyond-the-end',
        hasMore: false,
        killSwitchActive: false,
      };
      response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isRefused ? { status: 400, code: 'BAD_REQUEST', title: 'no', hint: '' } : page));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const feed = new RevocationFeed(new OwnerHttp({ baseUrl: `http://127.0.0.1:${port}`, credential: 'x' }));
      await feed.refresh();
      await feed.refresh();
      expect(asked).toEqual([null, 'beyond-the-end', null]);
      expect(feed.dead.isDead({ sid: DEAD.sessionId, gen: 0 }, Date.now() / 1000)).toBe(true);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('forgets what a restored ledger no longer says, at the end of the reading and not before', async () => {
    const [renewed, ended] = ['019a9f3c-0000-7000-8000-0000000000b2', DEAD.sessionId];
    const renewal = (generation: number): Revocation => ({ ...DEAD, sessionId: renewed, generation, ended: false });
    const later = { ...renewal(5), deadFrom: '2026-11-21T00:01:00Z' };
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const asked = async () => (await (once(server, 'request') as Promise<[unknown, ServerResponse]>))[1];
    const send = (response: ServerResponse, status: number, body: RevocationPage | Problem) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const page = (items: Revocation[], cursor: string, hasMore: boolean): RevocationPage => ({
      items,
      cursor,
      hasMore,
      killSwitchActive: false,
    });
    try {
      const { port } = server.address() as AddressInfo;
      const feed = new RevocationFeed(new OwnerHttp({ baseUrl: `http://127.0.0.1:${port}`, credential: 'x' }));
      const dead = (): boolean[] =>
        [
          { sid: renewed, gen: 3 },
          { sid: renewed, gen: 4 },
          { sid: ended, gen: 0 },
        ].map((token) => feed.dead.isDead(token, Date.now() / 1000));

      let reading = feed.refresh();
      send(await asked(), 200, page([later, DEAD], 'beyond-the-end', false));
      await reading;
      expect(dead()).toEqual([true, true, true]);

      reading = feed.refresh();
      send(await asked(), 400, problemOf(new LedgerError('BAD_REQUEST'), 'request'));
      send(await asked(), 200, page([renewal(4)], 'middle', true));
      const last = await asked();
      expect(dead()).toEqual([true, true, true]);
      last.destroy();
      await expect(reading).rejects.toThrow();
      expect(dead()).toEqual([true, true, true]);

      reading = feed.refresh();
      send(await asked(), 200, page([], 'end', false));
      await reading;
      expect(dead()).toEqual([true, false, false]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('is read anew for who asks what is there now, also where a reading is under way', async () => {
    const answer = (response: ServerResponse, killSwitchActive: boolean) => {
      const page: RevocationPage = { items: [], cursor: 'end', hasMore: false, killSwitchActive };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
    };
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const feed = new RevocationFeed(new OwnerHttp({ baseUrl: `http://127.0.0.1:${port}`, credential: 'x' }));
      const asked = once(server, 'request') as Promise<[unknown, ServerResponse]>;
      const before = feed.refresh();
      const [, response] = await asked;
      server.on('request', (_, later) => answer(later, true));
      const anew = feed.refreshAnew();
      answer(response, false);
      await before;
      expect(feed.killSwitchActive).toBe(false);
      await anew;
      expect(feed.killSwitchActive).toBe(true);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
