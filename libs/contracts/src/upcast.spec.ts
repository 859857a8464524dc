import { describe, expect, it } from '@jest/globals';
import { UnknownEvent, upcast } from './upcast.js';

const versions = { SessionRevoked: { version: 3 } };
const upcasters = {
  'SessionRevoked.v1': ({ why, ...rest }: Record<string, unknown>) => ({ ...rest, reason: why }),
  'SessionRevoked.v2': (data: Record<string, unknown>) => ({ ...data, trigger: data['trigger'] ?? 'manual_revoke' }),
};

describe('an event of an old version', () => {
  it('is read by code that knows newer ones, step by step', () => {
    const event = { type: 'SessionRevoked', schemaVersion: 1, data: { sessionId: 's', why: 'lost laptop' } };
    expect(upcast(event, upcasters, versions)).toEqual({
      sessionId: 's',
      reason: 'lost laptop',
      trigger: 'manual_revoke',
    });
    expect(event.data).toEqual({ sessionId: 's', why: 'lost laptop' });
  });

  it('begins at its own version', () => {
    const event = { type: 'SessionRevoked', schemaVersion: 2, data: { reason: 'r', trigger: 'superseded' } };
    expect(upcast(event, upcasters, versions)).toEqual({ reason: 'r', trigger: 'superseded' });
  });
});

it.each([
  ['a newer version', { type: 'SessionRevoked', schemaVersion: 4 }],
  ['an unknown type', { type: 'SessionSold', schemaVersion: 1 }],
  ['a type that is a member of every object', { type: 'constructor', schemaVersion: 1 }],
])('%s is refused, never guessed', (_, event) => {
  expect(() => upcast({ ...event, data: {} }, upcasters, versions)).toThrow(UnknownEvent);
});

it('a missing step is refused', () => {
  expect(() => upcast({ type: 'SessionRevoked', schemaVersion: 1, data: {} }, {}, versions)).toThrow('nothing leads');
});
