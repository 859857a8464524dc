import { MockAgent } from 'undici';
import { describe, expect, it } from '@jest/globals';
import type { ClaimedMessage } from '#libs/deliveries';
import { WebhookSender } from './webhook-sender.js';

/** Far from this machine's clock: what it says plays no part. */
const STARTED_AT = Date.parse('2020-02-02T12:00:00Z');

function message(): ClaimedMessage {
  return {
    deliveryId: '0190a0b0-0000-7000-8000-000000000001',
    channelId: '0190a0b0-0000-7000-8000-000000000002',
    channelType: 'webhook',
    attempt: 1,
    fence: 1,
    startedAt: STARTED_AT,
    deadline: STARTED_AT + 3_600_000,
    possibleRepeat: false,
    unknowns: 0,
    content: { body: '{}', type: 'application/json' },
    members: [],
  };
}

describe('an answer whose Retry-After is a date', () => {
  it.each([
    ['its own Date', { date: 'Sun, 02 Feb 2020 14:00:00 GMT', 'retry-after': 'Sun, 02 Feb 2020 14:00:07 GMT' }],
    ['the start of the attempt by the database’s clock', { 'retry-after': 'Sun, 02 Feb 2020 12:00:07 GMT' }],
    ['the same, for a Date that is none', { date: 'today', 'retry-after': 'Sun, 02 Feb 2020 12:00:07 GMT' }],
  ])('asks for the seconds since %s', async (_since, headers) => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    agent.get('https://hooks.example.test').intercept({ method: 'POST', path: '/' }).reply(503, '', { headers });
    const config = { url: 'https://hooks.example.test/', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
    const sent = await new WebhookSender(config, 'en', agent).send(message());
    await agent.close();
    expect(sent).toMatchObject({ kind: 'failed', reason: 'http_5xx', retryAfter: 7 });
  });
});
