import { describe, expect, it } from '@jest/globals';
import { requestIdIn } from './request-id.js';

describe('the id of a message that is too long', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":42,"method":"x","params":{"a":"', 42],
    ['{"jsonrpc":"2.0","id":"a\\"b","params":', 'a"b'],
    ['{"params":{"id":1,"deep":[{"id":2}]},"id":3,"x":"', 3],
    ['{"text":"\\"id\\":9","id":4,', 4],
    ['{"value":"id","id":5}', 5],
  ])('is found at the top level of %s', (start, id) => {
    expect(requestIdIn(start)).toBe(id);
  });

  it.each(['{"params":{"id":1,"x":"', 'garbage', '', '{"id":', '{"id":{"a":1},', '[{"id":1},'])(
    'is null where %s does not tell it',
    (start) => {
      expect(requestIdIn(start)).toBeNull();
    },
  );
});
