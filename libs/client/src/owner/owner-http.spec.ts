import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KillSwitchView } from '#libs/contracts';
import { OwnerHttp } from './owner-http.js';
import { ServerUnreachable } from './problem-error.js';

const ID = '019a9f3c-0000-7000-8000-0000000000d1';
const STATE: KillSwitchView = { active: false, reason: null, changedAt: null };

let server: Server;
let http: OwnerHttp;
let asked: string[] = [];
let answer: { status: number; body?: unknown };

beforeAll(async () => {
  server = createServer((request, response) => {
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      asked.push([request.method, request.url, body].join(' ').trim());
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  http = new OwnerHttp({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, credential: 'x' });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('a call by its row of the route table', () => {
  it('sends the row’s method to its path, parameters encoded, with query and body', async () => {
    asked = [];
    answer = { status: 204 };
    expect(await http.call('DELETE /v1/holders/:id', { params: { id: '../a b' } })).toBeUndefined();
    expect(
      await http.call('DELETE /v1/api-keys/:id', { params: { id: ID }, body: { reason: 'gone' } }),
    ).toBeUndefined();
    answer = { status: 200, body: { items: [], nextCursor: null, prevCursor: null } };
    await http.call('GET /v1/sessions', { query: { status: 'active', cursor: undefined, limit: 3 } });
    expect(asked).toEqual([
      'DELETE /v1/holders/..%2Fa%20b',
      `DELETE /v1/api-keys/${ID} {"reason":"gone"}`,
      'GET /v1/sessions?status=active&limit=3',
    ]);
  });

  it('takes an answer with more than the row has, and refuses one with less or with something else', async () => {
    answer = { status: 200, body: { ...STATE, ofANewerServer: 1 } };
    expect(await http.call('GET /v1/kill-switch', {})).toEqual(STATE);
    for (const body of [{ ...STATE, active: 'no' }, { active: true }, [], null]) {
      answer = { status: 200, body };
      const call = http.call('GET /v1/kill-switch', {});
      await expect(call).rejects.toThrow(ServerUnreachable);
      await expect(call).rejects.toThrow(/answer to GET \/v1\/kill-switch is of another version/);
    }
  });
});
