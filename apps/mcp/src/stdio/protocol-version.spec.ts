import { describe, expect, it } from '@jest/globals';
import { versionRefusal } from './protocol-version.js';

const KEY = 'io.modelcontextprotocol/protocolVersion';

describe('the version that a message names', () => {
  it.each([
    ['no parameters', { method: 'ping' }],
    ['no version', { method: 'ping', params: { _meta: {} } }],
    ['a version that is no text', { params: { _meta: { [KEY]: 7 } } }],
    ['the spoken one', { params: { _meta: { [KEY]: '2026-07-28' } } }],
  ])('%s: goes on', (_, message) => {
    expect(versionRefusal(message)).toBeNull();
  });

  it.each(['v999.0.0', '2025-11-25', ''])('%j: refused, naming what is spoken', (requested) => {
    const refusal = versionRefusal({ id: 1, method: 'server/discover', params: { _meta: { [KEY]: requested } } });
    expect(refusal).toMatchObject({ code: -32022, data: { supported: ['2026-07-28'], requested } });
  });
});
