import { describe, expect, it } from '@jest/globals';
import { cloudEventType, type CloudEvent, type EventType } from '#libs/contracts';
import { explainDenial, type DeniedCall } from './explain-denial.js';

const minute = (number: number): string => new Date(Date.UTC(2026, 0, 1, 12, number)).toISOString();

function event(
  type: EventType,
  version: number,
  at: number,
  data: Record<string, unknown>,
  actor = 'owner',
): CloudEvent {
  return {
    specversion: '1.0',
    id: `event-${version}`,
    source: 'ledger',
    type: cloudEventType(type),
    subject: 'session',
    time: minute(at),
    datacontenttype: 'application/json',
    data,
    position: version * 10,
    streamversion: version,
    actor,
    requestid: 'request',
    leaf: '',
  };
}

const created = event('SessionCreated', 1, 0, { generation: 0, expiresAt: minute(30) });
const renewed = event('SessionRenewed', 2, 10, { generation: 1, expiresAt: minute(40), cause: 'renewal' }, 'holder:h1');
const rotated = event('SessionRenewed', 3, 20, { generation: 2, expiresAt: minute(50), cause: 'rotation' });
const revoked = event('SessionRevoked', 4, 25, { trigger: 'manual_revoke', reason: 'laptop lost' });
const expired = event('SessionExpired', 4, 50, { cause: 'token_ttl' }, 'system');

function call(at: number, details: Partial<DeniedCall> = {}): DeniedCall {
  return { time: Date.parse(minute(at)), generation: null, operation: null, allowedOperations: null, ...details };
}

describe('why a call was denied', () => {
  it.each([
    ['it used a token that was renewed', call(12, { generation: 0 }), [created, renewed], 'superseded_token', [20]],
    [
      'it used a token that the owner rotated',
      call(22, { generation: 1 }),
      [created, renewed, rotated],
      'superseded_token',
      [30],
    ],
    ['the session was revoked', call(26), [revoked, rotated, renewed, created], 'session_revoked', [40]],
    ['the session had expired', call(51), [created, renewed, rotated, expired], 'session_expired', [40]],
    ['the token had expired, and nobody said so yet', call(31), [created], 'token_expired', [10]],
    ['the session did not exist yet', call(-5), [created], 'before_session', []],
    [
      'the operation was not allowed',
      call(5, { operation: 'pay', allowedOperations: ['read'] }),
      [created],
      'operation_not_allowed',
      [10],
    ],
    [
      'the far side had its own reason',
      call(5, { generation: 0, operation: 'read', allowedOperations: ['read'] }),
      [created],
      'not_the_session',
      [10],
    ],
    [
      'it was refused before the revocation',
      call(24, { generation: 2 }),
      [created, renewed, rotated, revoked],
      'not_the_session',
      [30],
    ],
  ])('is known when %s', (_, denied, events, verdict, evidence) => {
    expect(explainDenial(denied, events)).toMatchObject({ verdict, evidence });
  });

  it('names who did it, and why, in the sentence', () => {
    expect(explainDenial(call(26), [created, revoked]).explanation).toContain('owner revoked the session');
    expect(explainDenial(call(26), [created, revoked]).explanation).toContain('laptop lost');
    expect(explainDenial(call(12, { generation: 0 }), [created, renewed]).explanation).toContain(
      'holder:h1 had renewed',
    );
  });
});
